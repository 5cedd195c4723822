/** A BoldDesk target's own settings. Parsing what was parsed before changes nothing. Messages never quote a value. */
import { z } from 'zod';
import { Personal } from '../../../config/words.ts';
import { isLoopback } from '../../http/client.ts';

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return false;
  return /^\/api\/v1(\.0)?\/*$/.test(url.pathname);
}

export const boldDeskSettings = z.strictObject({
  baseUrl: z
    .string()
    .refine(isBaseUrl)
    .transform((text) => text.replace(/\/+$/, ''))
    .meta({
      description: 'Where the REST API of the help desk answers.',
      expected: 'https://<domain>.bolddesk.com/api/v1',
    }),
  apiKey: z
    .union([z.string().min(1), z.instanceof(Personal<string>)])
    .transform((key) => (key instanceof Personal ? (key as Personal<string>) : new Personal(key)))
    .meta({
      description: 'The API key of an agent who may delete contacts and manage the deletion of tickets.',
      expected: 'a secret, best from the environment or a file',
      secret: true,
    }),
  eraseMode: z.enum(['permanent', 'soft', 'blank']).default('permanent').meta({
    description:
      'What anonymizing does: delete the contact for good, with the tickets of the person; only hide it, which can be undone and is reported as not erased; or overwrite what it holds.',
    expected: 'permanent, soft or blank',
  }),
  allowTicketLoss: z.boolean().default(false).meta({
    description:
      'Whether a permanent deletion may take the tickets of the person along. Without it erasures wait, and say so.',
    expected: 'true or false',
  }),
  deletedView: z
    .string()
    .regex(/^[\w .-]{1,60}$/)
    .optional()
    .meta({
      description: 'The view in which BoldDesk lists deleted contacts: with it those are found by their address too.',
      expected: 'the name of a view of contacts',
    }),
  blankDomain: z
    .string()
    .regex(/^[a-z0-9]+([.-][a-z0-9]+)+$/)
    .default('erased.invalid')
    .meta({
      description: 'With eraseMode blank: the domain of the address that takes the place of the one of the person.',
      expected: 'a domain that receives no mail, such as erased.invalid',
    }),
  clearWith: z.enum(['null', 'empty']).default('null').meta({
    description: 'How a field is cleared: with null, or with an empty text.',
    expected: 'null or empty',
  }),
  writeRecordId: z.boolean().default(true).meta({
    description: 'Whether the id of the record is written to the external reference id of the contact.',
    expected: 'true or false',
  }),
});

export type BoldDeskSettings = z.output<typeof boldDeskSettings>;
