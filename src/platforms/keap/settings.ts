/** A Keap target's own settings. Parsing what was parsed before changes nothing. Messages never quote a value. */
import { z } from 'zod';
import { Personal } from '../../../config/words.ts';
import { isLoopback } from '../../http/client.ts';

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return false;
  return /\/rest\/v2\/*$/.test(url.pathname);
}

const aReason = 'a sentence of up to 200 characters';

export const keapSettings = z.strictObject({
  baseUrl: z
    .string()
    .refine(isBaseUrl)
    .transform((text) => text.replace(/\/+$/, ''))
    .default('https://api.keap.com/crm/rest/v2')
    .meta({ description: 'Where the REST API answers.', expected: 'https://<host>/crm/rest/v2' }),
  app: z
    .string()
    .regex(/^[\w.-]{1,60}$/)
    .meta({
      description: 'The name of the Keap app, as in https://ab123.infusionsoft.com. The key does not tell it.',
      expected: 'the name of the app, such as ab123',
    }),
  apiKey: z
    .union([z.string().min(1), z.instanceof(Personal<string>)])
    .transform((key) => (key instanceof Personal ? (key as Personal<string>) : new Personal(key)))
    .meta({
      description: 'A service account key or a personal access token of the app.',
      expected: 'a secret, best from the environment or a file',
      secret: true,
    }),
  sendKeyAs: z.enum(['header', 'bearer']).default('header').meta({
    description: 'How the key is sent: in the header X-Keap-API-Key, or as a bearer token.',
    expected: 'header or bearer',
  }),
  recordIdField: z
    .string()
    .regex(/^[A-Za-z_]\w{0,63}$/)
    .meta({
      description: 'Database name (field_name) of a custom text field of contacts that holds the id of the record.',
      expected: 'the database name of a custom text field that nothing else writes',
    }),
  optInReason: z
    .string()
    .min(1)
    .max(200)
    .default('Consent as recorded in Dynamics 365')
    .meta({ description: 'What Keap is told as the reason of an opt-in.', expected: aReason }),
  optOutReason: z
    .string()
    .min(1)
    .max(200)
    .default('No consent according to Dynamics 365')
    .meta({ description: 'What Keap is told as the reason of an opt-out.', expected: aReason }),
});

export type KeapSettings = z.output<typeof keapSettings>;
