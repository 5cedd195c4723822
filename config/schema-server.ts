/** The shape of `server`: where the connector listens, who may ask it, and how Dynamics may call it. */
import { z } from 'zod';
import { isLoopbackHost, secretText, serviceUrl, wholeNumber } from './schema-parts.ts';
import { webhookSecretHeader } from './words.ts';

/** Wire: register-web-hook; Dataverse sends to port 80 for HTTP and 443 for HTTPS only. */
function canBeReached(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { port, hostname } = new URL(text);
  return port === '' || isLoopbackHost(hostname);
}

const urlTexts = {
  description:
    'Address under which Dynamics reaches /hooks/dataverse of this server, through your gateway; on port 443.',
  expected: 'an https address with a path, e.g. https://connector.contoso.example/hooks/dataverse',
};

const secretTexts = {
  description: `What Dynamics proves itself with, in the header ${webhookSecretHeader}: connector setup registers it.`,
  expected: `a secret of 16 to 256 letters, digits and signs without blanks, best as \${NAME} or \${file:PATH}`,
};

const webhookSchema = z
  .strictObject({
    url: serviceUrl({ ...urlTexts, path: 'required' })
      .refine(canBeReached, { params: { wrong: 'has a port that Dataverse does not send to' } })
      .meta(urlTexts),
    secret: secretText({ ...secretTexts, minBytes: 16 })
      .refine((secret) => /^[\x21-\x7e]{16,256}$/.test(secret.reveal()), {
        params: { wrong: 'cannot be sent in a header' },
      })
      .meta({ ...secretTexts, secret: true }),
  })
  .meta({
    description:
      'Lets Dynamics tell of changes at once instead of waiting for the next look. Left out: only the looks.',
    expected: 'url and secret',
  });

export const serverSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:_-]{1,253}$/)
      .default('127.0.0.1')
      .meta({ description: 'Address to listen on.', expected: 'a host name or an IP address' }),
    port: wholeNumber('Port to listen on; 0 picks a free one.', 0, 65_535).default(3000),
    adminToken: secretText({
      description: 'Token for the status page and the operating calls. Required unless host is loopback.',
      minBytes: 16,
    }).optional(),
    webhook: webhookSchema.optional(),
  })
  .prefault({})
  .meta({ description: 'Health, metrics, status page and webhook.' });
