/** The shape of `dataverse`: which environment, and how the connector proves who it is. */
import { z } from 'zod';
import { seconds, secretText, serviceUrl } from './schema-parts.ts';

const certificateSchema = z
  .strictObject({
    privateKeyFile: z.string().min(1).meta({
      description: 'PEM file with the private key, relative to the configuration file.',
      expected: 'the path of a PEM file',
    }),
    thumbprintSha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/)
      .transform((text) => text.toUpperCase())
      .meta({
        description: 'SHA-256 thumbprint of the certificate that the application registration holds.',
        expected: '64 hexadecimal digits without colons',
      }),
  })
  .meta({
    description: 'Proves the application with a certificate.',
    expected: '{ privateKeyFile, thumbprintSha256 }',
  });

const authSchema = z
  .strictObject({
    authority: serviceUrl({
      description: 'Where tokens come from: the login address with the tenant.',
      expected: 'an https address with the tenant, e.g. https://login.microsoftonline.com/<tenant id>',
      path: 'required',
    }).optional(),
    clientId: z
      .string()
      .regex(/^[0-9A-Za-z-]{1,64}$/)
      .optional()
      .meta({
        description: 'Application (client) id; with a managed identity, that of a user-assigned one.',
        expected: 'an application id',
      }),
    clientSecret: secretText({ description: 'Proves the application with a secret.' }).optional(),
    certificate: certificateSchema.optional(),
    managedIdentity: z.literal(true).optional().meta({
      description: 'Uses the managed identity of the machine; needs no secret.',
      expected: 'true, or the key left out',
    }),
  })
  .meta({
    description: 'How the connector signs in. Exactly one of clientSecret, certificate and managedIdentity.',
    expected: 'one of clientSecret, certificate or managedIdentity',
  });

export const dataverseSchema = z
  .strictObject({
    url: serviceUrl({
      description: 'Address of the Dynamics 365 environment.',
      expected: 'an https address without a path, e.g. https://contoso.crm4.dynamics.com',
      path: 'none',
    }),
    apiVersion: z
      .string()
      .regex(/^v\d+\.\d+$/)
      .default('v9.2')
      .meta({ description: 'Version of the Web API.', expected: 'a version such as v9.2' }),
    auth: authSchema,
    pageSize: z.int().min(1).max(5000).default(1000).meta({ description: 'Rows a page of the change feed.' }),
    pollSeconds: seconds('Seconds between two looks at the change feed.', { min: 0.1, max: 86_400 }).default(10),
    callTimeoutSeconds: seconds('Seconds one call may take, its body included.', { min: 0.1, max: 600 }).default(60),
  })
  .meta({ description: 'The Dynamics 365 environment that people are read from.', expected: 'url and auth' });
