/** A Mailjet target's own settings. Parsing what was parsed before changes nothing. Messages never quote a value. */
import { z } from 'zod';
import { Personal } from '../../../config/words.ts';
import { isLoopback } from '../../http/client.ts';

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return false;
  return /^\/*$/.test(url.pathname);
}

export const mailjetSettings = z.strictObject({
  baseUrl: z
    .string()
    .refine(isBaseUrl)
    .transform((text) => text.replace(/\/+$/, ''))
    .default('https://api.mailjet.com')
    .meta({
      description:
        'Where the API of the account answers, without a version; for some accounts https://api.us.mailjet.com.',
      expected: 'https://<host>',
    }),
  publicKey: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .meta({
      description:
        'The API key of the account or sub-account. Each has contacts of its own and is a target of its own.',
      expected: 'an API key',
    }),
  secretKey: z
    .union([z.string().min(1), z.instanceof(Personal<string>)])
    .transform((key) => (key instanceof Personal ? (key as Personal<string>) : new Personal(key)))
    .meta({
      description: 'The secret key that belongs to the API key.',
      expected: 'a secret, best from the environment or a file',
      secret: true,
    }),
  lowerListsBy: z.enum(['remove', 'unsub']).default('remove').meta({
    description:
      'How a permission that became false in the CRM leaves its list. After unsub it can never be given back by this connector, since it does not force subscriptions.',
    expected: 'remove or unsub',
  }),
  bulkFrom: z.int().min(1).max(1000).default(50).meta({
    description:
      'From how many people on that can be written together an asynchronous job is used instead of single calls.',
    expected: 'a whole number from 1 to 1000',
  }),
  jobWaitSeconds: z.int().min(1).max(90).default(45).meta({
    description:
      'Seconds that the asynchronous jobs of one batch are waited for before the work goes back into the queue.',
    expected: 'a whole number from 1 to 90',
  }),
});

export type MailjetSettings = z.output<typeof mailjetSettings>;
