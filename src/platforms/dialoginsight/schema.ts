/**
 * The shapes of Dialog Insight's answers: only what is read, permissive to the rest. `Trace` is left alone: it may hold
 * details of the vendor's servers. wire: platforms.md 4.1 to 4.5 (recorded answers of Merge and Delete; Get and
 * Projects.Get as public clients read them).
 */
import { z } from 'zod';

const id = z.union([z.int(), z.string().min(1)]).transform(String);
const code = z.union([z.string(), z.number()]).transform(String);

/** Every answer says by `Success` whether it is one; the HTTP status does not. */
export const envelopeSchema = z.looseObject({
  Success: z.boolean(),
  ErrorCode: code.nullish(),
  ErrorMessage: z.string().nullish(),
  idRequest: id.nullish(),
});

/** A contact: `idContact`, fields as `f_<code>`, consents as `optin_<code>`. */
export const contactSchema = z.looseObject({ idContact: id });
export type Contact = z.output<typeof contactSchema>;

export const contactsSchema = z.object({ Records: z.array(contactSchema).nullish() });

const mergedRecord = z.object({
  IdRecord: id.nullish(),
  Status: z.string().nullish(),
  ValidationResult: z.string().nullish(),
  ID: z.record(z.string(), z.unknown()).nullish(),
});
export type MergedRecord = z.output<typeof mergedRecord>;

export const mergedSchema = z.object({ Records: z.array(mergedRecord).nullish() });

export const deletedSchema = z.object({ DeletedRecords: z.int().min(0) });

const projectField = z.object({ Code: z.string().min(1), DataType: code.nullish() });

export const projectSchema = z.object({
  ProjectInfo: z.object({
    ProjectFields: z.array(projectField),
    OptinFields: z.array(z.object({ Code: z.string().min(1) })).nullish(),
  }),
});
export type ProjectInfo = z.output<typeof projectSchema>['ProjectInfo'];

/** A value of a contact by its name on the wire, whatever its capitals; undefined when it is not shown at all. */
export function shownValue(contact: Contact, name: string): unknown {
  if (Object.hasOwn(contact, name)) return contact[name];
  const lower = name.toLowerCase();
  const found = Object.keys(contact).find((key) => key.toLowerCase() === lower);
  return found === undefined ? undefined : contact[found];
}

/** Consents are written as "1" and "0"; how they are shown is not documented. */
export function isYes(value: unknown): boolean {
  return value === true || value === 1 || (typeof value === 'string' && /^(1|true)$/i.test(value.trim()));
}
