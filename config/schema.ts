/**
 * The shape of the configuration file, section by section, with what every key means. The JSON schema for editors,
 * the reference in docs/configuration.md and the sentences of mistakes are all made from it. Guarantees the shape of
 * one section at a time; what two keys mean together is checked in checks.ts, the platforms' own keys by their schemas.
 */
import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { dataverseSchema } from './schema-dataverse.ts';
import { marketingJobsSchema } from './schema-marketing-jobs.ts';
import { isPlainRemoteUrl, seconds, secretText, wholeNumber } from './schema-parts.ts';
import { serverSchema } from './schema-server.ts';
import { conditionSchema, overridesSchema, tablesSchema } from './schema-tables.ts';

const rulesSchema = z
  .strictObject({
    anonymizeContactWhenInactive: z
      .union([
        z.boolean(),
        z.strictObject({
          contact: z.boolean().default(false).meta({ description: 'For contacts.' }),
          lead: z
            .boolean()
            .default(false)
            .meta({ description: 'For leads; qualified and disqualified are not active.' }),
          account: z.boolean().default(false).meta({ description: 'For accounts.' }),
        }),
      ])
      .default(false)
      .meta({
        description:
          'Whether a person whose row is not active is anonymized. true means contacts and leads; accounts only by name.',
        expected: 'true, false or { contact, lead, account }',
      }),
  })
  .prefault({})
  .meta({ description: 'Settings of the rules.' });

const pilotSchema = z
  .strictObject({
    records: z
      .array(
        z
          .string()
          .regex(/^(contact|lead|account)\/[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/)
          .meta({ expected: 'contact/<guid>, lead/<guid> or account/<guid>' }),
      )
      .default([])
      .meta({ description: 'These records.', expected: 'a list of records, e.g. contact/<guid>' }),
    when: conditionSchema('Records whose column has this value.'),
  })
  .optional()
  .meta({
    description:
      'Takes on only these people on this target, for a trial. Of everybody else whom the connector has not written there nothing is sent; whom it has, it keeps up.',
    expected: '{ records: [contact/<guid>], when: { column, equals } }',
  });

/** What every target has, whatever its platform. */
export const targetSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/)
      .meta({
        description: 'Name of this account, used in commands, logs and the database; do not change it later.',
        expected: 'up to 40 letters, digits, - or _',
      }),
    platform: z.string().min(1).meta({ description: 'Which email platform.', expected: 'the name of a platform' }),
    identity: z.enum(['address', 'record']).default('address').meta({
      description:
        'What makes two rows the same profile: the address, or nothing (record: one profile a row, for accounts that de-duplicate on external id).',
    }),
    adoptExisting: z.boolean().default(true).meta({
      description: 'Whether people who are on the platform already, from earlier times, are looked up and taken over.',
    }),
    requestsPerSecond: z
      .number()
      .positive()
      .max(10_000)
      .default(10)
      .meta({ description: 'Calls a second that all processes together may make.' }),
    callTimeoutSeconds: seconds('Seconds one call may take, its body included.', { min: 0.1, max: 600 }).default(30),
    lateEffectSeconds: seconds(
      'Seconds after which a call that was cut off can no longer take effect. Default: 2 × callTimeoutSeconds.',
      {
        min: 0.1,
        max: 86_400,
      },
    ).optional(),
    verifyErasures: z.boolean().default(false).meta({
      description:
        'Whether the platform is asked once more after each erasure; an erasure after which the person is still found is not done.',
    }),
    dryRun: z.boolean().default(false).meta({
      description:
        'Decides and sends nothing: what is owed to this target waits until the key is taken out. connector preview shows what would be sent.',
    }),
    pilot: pilotSchema,
    tables: overridesSchema,
  })
  .meta({ description: 'One account on an email platform.' });

const brakeSchema = z
  .strictObject({
    maxCount: wholeNumber('Most automatic anonymizations a target in the window.', 0, 1_000_000).default(500),
    maxPercent: z
      .number()
      .min(0)
      .max(100)
      .default(5)
      .meta({ description: 'Most automatic anonymizations in the window, in percent of the live profiles.' }),
    minCount: wholeNumber('So many pass in any case, also on a small account.', 0, 1_000_000).default(10),
    windowHours: z.number().positive().max(720).default(24).meta({ description: 'Hours that the window looks back.' }),
    maxExplicitPerHour: wholeNumber('Most explicit erasures an hour; more wait for approval.', 0, 1_000_000).default(
      200,
    ),
  })
  .prefault({})
  .meta({
    description:
      'Guard on automatic anonymizations: more than max(minCount, min(maxCount, maxPercent)) are held for a person to review.',
  });

function isCron(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return false;
  try {
    CronExpressionParser.parse(text);
    return true;
  } catch {
    return false;
  }
}

const reconcileSchema = z
  .strictObject({
    cron: z
      .string()
      .refine(isCron, { params: { wrong: 'is not a cron expression' } })
      .default('0 3 * * *')
      .meta({
        description: 'When the ledger is compared with the CRM.',
        expected: 'a cron expression of five fields, e.g. "0 3 * * *"',
      }),
  })
  .prefault({})
  .meta({ description: 'The regular comparison of the ledger with the CRM.' });

const auditSchema = z
  .strictObject({
    cron: z
      .string()
      .refine(isCron, { params: { wrong: 'is not a cron expression' } })
      .default('30 4 * * *')
      .meta({
        description: 'When people on the targets are looked at.',
        expected: 'a cron expression of five fields, e.g. "30 4 * * *"',
      }),
    sample: wholeNumber('Records of each table that are looked at, from a random place on.', 1, 10_000_000).default(
      500,
    ),
    share: z.number().min(0.01).max(1).default(0.2).meta({
      description:
        "Part of each target's requestsPerSecond that an audit may use, and only while nothing else is to be sent; also of connector audit.",
      expected: 'a number from 0.01 to 1',
    }),
  })
  .optional()
  .meta({
    description: 'The audit by schedule, which finds drift and mends none. Left out: connector audit only.',
    expected: 'cron, sample, share; each may be left out, e.g. audit: { sample: 500 }',
  });

const notesSchema = z
  .strictObject({
    for: z.enum(['exceptions', 'everybody']).default('exceptions').meta({
      description:
        'exceptions: records that are anything but synchronised, and those that once were; everybody: every record.',
    }),
    perMinute: wholeNumber('Notes that are written in a minute at most.', 1, 3000).default(300),
  })
  .optional()
  .meta({
    description:
      "What the connector last did with a record, and why, as one note on the record's timeline, in the language of the marketing jobs. Left out: none.",
    expected: 'for, perMinute; each may be left out, e.g. notes: { for: exceptions }',
  });

const workerSchema = z
  .strictObject({
    leaseSeconds: seconds('Seconds a claim lasts unless it is renewed.', { min: 1, max: 3600 }).default(120),
    sweepSeconds: seconds('Seconds between two looks for work whose wake-up was lost.', {
      min: 0.1,
      max: 3600,
    }).default(15),
    concurrency: wholeNumber('Batches of one target that run at once in a process.', 1, 64).default(2),
    batchSize: wholeNumber(
      'Records a batch takes at most; smaller batches get through where Dataverse often fails, larger ones need fewer calls.',
      1,
      2000,
    ).default(2000),
  })
  .prefault({})
  .meta({ description: 'How the workers share the work.' });

const connectionText = (schemes: readonly string[], description: string, expected: string) =>
  secretText({ description, expected })
    .refine((secret) => URL.canParse(secret.reveal()) && schemes.includes(new URL(secret.reveal()).protocol), {
      params: { wrong: 'is not an address of that kind' },
    })
    .meta({ description, expected, secret: true })
    .optional();

const days = (description: string, usual: number) => wholeNumber(description, 1, 36_500).default(usual);

const retentionSchema = z
  .strictObject({
    evidenceDays: days('Days that the proof of what was done is kept.', 1095),
    goneDays: days(
      'Days that the ledger remembers somebody whose last row is deleted in the CRM and who is on no target, an opt-out included.',
      90,
    ),
    jobDays: days('Days that finished erasures, marketing jobs and reviewed holds are kept.', 90),
  })
  .prefault({})
  .meta({ description: 'How long the ledger remembers what is over.' });

const storageSchema = z
  .strictObject({
    databaseUrl: connectionText(
      ['postgres:', 'postgresql:'],
      'PostgreSQL to use. Left out (or its variable not set): an embedded one under dataDir.',
      'postgres://user:password@host:5432/database',
    ),
    redisUrl: connectionText(
      ['redis:', 'rediss:'],
      'Redis for the wake-ups of a fleet. Left out (or its variable not set): PostgreSQL does that too.',
      'redis://host:6379 or rediss://host:6379',
    ),
    dataDir: z.string().min(1).default('./data').meta({
      description: 'Folder of the embedded PostgreSQL, relative to the configuration file.',
      expected: 'the path of a folder',
    }),
  })
  .prefault({})
  .meta({
    description:
      'Where the ledger is kept. A variable that is not set means the embedded default here, and is a mistake everywhere else.',
  });

const privacySchema = z
  .strictObject({
    hashKey: secretText({
      description:
        'Key of the hashes that stand for addresses, and of sealed values. Keep it: without it the ledger cannot be read.',
      minBytes: 32,
    }),
    previousHashKeys: z
      .array(secretText({ description: 'A former hash key.', minBytes: 32 }))
      .default([])
      .meta({
        description:
          'Former hash keys: `connector rekey` carries the ledger over; people whose rows are gone stay known by them alone.',
        expected: 'a list of secrets',
      }),
  })
  .meta({ description: 'Keys that keep people out of the database and the logs.', expected: 'hashKey' });

const alarmsSchema = z
  .strictObject({
    webhook: z
      .strictObject({
        url: connectionText(
          ['https:', 'http:'],
          'Address that every alarm is posted to when it is raised and when it is cleared; https, or http on this machine.',
          'https://host/path',
        )
          .unwrap()
          .refine((secret) => !isPlainRemoteUrl(secret.reveal()), {
            params: { wrong: 'is plain http to another machine' },
          }),
        secret: secretText({
          description: 'Key of the signature in the header Connector-Signature.',
          minBytes: 16,
        }),
      })
      .optional()
      .meta({
        description: 'Where alarms are sent to, besides the log and the metrics.',
        expected: 'url and secret',
      }),
  })
  .prefault({})
  .meta({ description: 'Who is told when something is wrong.' });

const logSchema = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .meta({ description: 'Least level that is written.' }),
  })
  .prefault({})
  .meta({ description: 'The log, as JSON lines on standard output.' });

/** Every section but `targets`, whose elements are checked one by one together with their platform. */
export const sectionSchemas = {
  dataverse: dataverseSchema,
  tables: tablesSchema,
  rules: rulesSchema,
  brake: brakeSchema,
  suppression: z
    .strictObject({
      afterErasure: z.boolean().default(false).meta({
        description:
          'Whether an address erased on request is put on the suppression list, so that nobody creates it again.',
      }),
      liftWhen: conditionSchema(
        'A column that says that the person came back by themselves, a purchase for instance: it takes them off the list.',
      ),
    })
    .prefault({})
    .meta({ description: 'The list of addresses that must not be created again.' }),
  erasure: z
    .strictObject({
      blockWhen: conditionSchema(
        'A reason not to erase, an unpaid invoice or a legal hold for instance: an explicit erasure waits until it is gone.',
      ),
    })
    .prefault({})
    .meta({ description: 'Explicit erasures.' }),
  marketingJobs: marketingJobsSchema,
  notes: notesSchema,
  reconcile: reconcileSchema,
  audit: auditSchema,
  retention: retentionSchema,
  worker: workerSchema,
  storage: storageSchema,
  privacy: privacySchema,
  server: serverSchema,
  alarms: alarmsSchema,
  log: logSchema,
} as const;

export type SectionName = keyof typeof sectionSchemas;
export type Section<Name extends SectionName> = z.output<(typeof sectionSchemas)[Name]>;
export type TargetInput = z.output<typeof targetSchema>;

/** In the order in which people write and read them. */
export const sectionOrder = [
  'dataverse',
  'tables',
  'rules',
  'targets',
  'brake',
  'suppression',
  'erasure',
  'marketingJobs',
  'notes',
  'reconcile',
  'audit',
  'retention',
  'worker',
  'storage',
  'privacy',
  'server',
  'alarms',
  'log',
] as const satisfies readonly (SectionName | 'targets')[];
