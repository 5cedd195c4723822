/** A Dialog Insight target's own settings. Parsing what was parsed before changes nothing. Messages never quote a value. */
import { z } from 'zod';
import { Personal } from '../../../config/words.ts';
import { isLoopback } from '../../http/client.ts';

function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) return false;
  return /\/webservices\/ofc4\/*$/.test(url.pathname);
}

/** wire: platforms.md 4.1, 4.6; ids in public samples have up to 8 digits. */
const projectId = z.int().min(1).max(2_147_483_647);
const aProject = 'the number of a project (idProject)';

/** wire: platforms.md 4.3, the internal id of a field, which the service wants with a prefix. */
const fieldCode = z.string().regex(/^(?!f_|key_|optin_)[A-Za-z]\w{0,63}$/);

export const dialogInsightSettings = z.strictObject({
  baseUrl: z
    .string()
    .refine(isBaseUrl)
    .transform((text) => text.replace(/\/+$/, ''))
    .meta({
      description:
        'Where the web services answer: app.dialoginsight.com for the Canadian platform, app.mydialoginsight.com for the French one.',
      expected: 'https://<host>/webservices/ofc4',
    }),
  keyId: z.int().min(1).meta({
    description: 'The number of the API key (idKey).',
    expected: 'a whole number above 0',
  }),
  apiKey: z
    .union([z.string().min(1), z.instanceof(Personal<string>)])
    .transform((key) => (key instanceof Personal ? (key as Personal<string>) : new Personal(key)))
    .meta({
      description: 'The API key itself (Key).',
      expected: 'a secret, best from the environment or a file',
      secret: true,
    }),
  project: projectId.meta({ description: 'The project that people are written to.', expected: aProject }),
  otherProjects: z
    .array(projectId.meta({ expected: aProject }))
    .max(50)
    .default([])
    .meta({
      description:
        'Further projects in which the same people may be: permissions are reset and people erased there too, nobody is written.',
      expected: 'a list of project numbers',
    }),
  unifiedProject: projectId.optional().meta({
    description:
      'The unified project that the others push people into: dealt with like the others, and always as the last.',
    expected: aProject,
  }),
  emailField: fieldCode.default('EMail').meta({
    description: 'Internal id of the field with the email address. It must be the primary key of every project.',
    expected: 'the internal id of a field, without a prefix',
  }),
  recordIdField: fieldCode.meta({
    description: 'Internal id of a text field, of every project named here, that holds the id of the record.',
    expected: 'the internal id of a text field that nothing else writes, without a prefix',
  }),
  clearWith: z.enum(['empty', 'null']).default('empty').meta({
    description: "How a field without a value is sent: as '' or as null. Dialog Insight does not document it.",
    expected: 'empty or null',
  }),
  recordsPerCall: z.int().min(1).max(1000).default(100).meta({
    description: 'Most people in one call of Contacts.Merge. Dialog Insight does not document a limit.',
    expected: 'a whole number from 1 to 1000',
  }),
  killFile: z.enum(['byHand', 'unused']).default('byHand').meta({
    description:
      'Whether people who were erased are put on the kill file too. There is no web service for it: "byHand" names that step in the result of each erasure.',
    expected: 'byHand or unused',
  }),
});

export type DialogInsightSettings = z.output<typeof dialogInsightSettings>;

/** Every project once, in the order to work on them: the unified one last. */
export function projectsOf(
  settings: Pick<DialogInsightSettings, 'project' | 'otherProjects' | 'unifiedProject'>,
): number[] {
  const { project, otherProjects, unifiedProject } = settings;
  const sources = [project, ...otherProjects].filter((id) => id !== unifiedProject);
  return [...new Set([...sources, ...(unifiedProject === undefined ? [] : [unifiedProject])])];
}
