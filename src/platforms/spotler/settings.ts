/** A Spotler target's own settings. Parsing what was parsed before changes nothing. Messages never quote a value. */
import { z } from 'zod';
import { Personal } from '../../../config/words.ts';
import { isLoopback } from '../../http/client.ts';

/** wire: spotler.md B.1, `/integrationservice` and `/integrationservice-1.1.0` are both in use. */
const path = /^\/integrationservice(-\d+(\.\d+)*)?$/;

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return false;
  return path.test(url.pathname.replace(/\/+$/, ''));
}

export const spotlerSettings = z.strictObject({
  baseUrl: z
    .string()
    .refine(isBaseUrl, 'expected https://<host>/integrationservice or https://<host>/integrationservice-1.1.0')
    .transform((text) => text.replace(/\/+$/, ''))
    .default('https://restapi.mailplus.nl/integrationservice')
    .describe('Where the REST API answers.'),
  consumerKey: z.string().min(1, 'expected the key').describe('The key of the authentication made in Spotler.'),
  consumerSecret: z
    .union([z.string().min(1), z.instanceof(Personal<string>)], { error: 'expected the secret' })
    .transform((secret) => (secret instanceof Personal ? (secret as Personal<string>) : new Personal(secret)))
    .describe('Its secret.'),
  clearWith: z
    .enum(['empty', 'null'])
    .default('empty')
    .describe("How a property without a value is sent: as '' or as null. Spotler does not document it."),
});

export type SpotlerSettings = z.output<typeof spotlerSettings>;
