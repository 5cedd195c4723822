/**
 * The shapes of BoldDesk's answers: only what is read, permissive to the rest. wire: platforms.md 3.1, 3.2, 3.5; reported
 * by clients of others, the vendor's own reference was not readable.
 */
import { z } from 'zod';

/** A number, in every client that was seen; texts are taken too. */
const id = z.union([z.int(), z.string().regex(/^\d{1,15}$/)]).transform(String);

const text = z.string().nullish();

export const contactSchema = z.object({
  userId: id,
  emailId: text,
  secondaryEmailId: text,
  isDeleted: z.boolean().nullish(),
  contactTag: z.array(z.unknown()).nullish(),
  contactExternalReferenceId: text,
  contactCustomFields: z.record(z.string(), z.unknown()).nullish(),
});
export type Contact = z.output<typeof contactSchema>;

export const contactsSchema = z.object({ result: z.array(contactSchema) });

export const createdSchema = z.object({ id });

/** A write that is confirmed says so in a message; nothing of the message is kept. */
export const confirmedSchema = z.object({ message: z.string() });

const removal = z.object({ id, isSuccess: z.boolean() });
/** One result in the client that was seen, for a list of ids: a list is taken too. */
export const removedSchema = z.object({ result: z.union([removal, z.array(removal)]) });

export const errorSchema = z.object({
  errors: z.array(z.object({ field: text, errorType: text })),
});
export type SaidError = z.output<typeof errorSchema>['errors'][number];
