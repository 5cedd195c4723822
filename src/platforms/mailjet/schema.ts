/**
 * The shapes of Mailjet's answers: only what is read, permissive to the rest. wire: platforms.md 1.1 to 1.5 (recorded
 * traffic) and the types that the vendor's own client ships.
 */
import { z } from 'zod';

/** Every answer with a body: a list, also of one. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ Data: z.array(item) });
}

export const contactSchema = z.object({
  ID: z.int().positive(),
  Email: z.string(),
  Name: z.string().nullish(),
  IsExcludedFromCampaigns: z.boolean().nullish(),
});
export type Contact = z.output<typeof contactSchema>;

export const propertySchema = z.object({
  Name: z.string(),
  Datatype: z.string(),
  NameSpace: z.string().nullish(),
});
export type Property = z.output<typeof propertySchema>;

export const contactsListSchema = z.object({
  ID: z.int().positive(),
  Name: z.string(),
  IsDeleted: z.boolean().nullish(),
});
export type ContactsList = z.output<typeof contactsListSchema>;

export const membershipSchema = z.object({
  ListID: z.int().positive(),
  IsUnsub: z.boolean(),
  IsActive: z.boolean().nullish(),
});
export type Membership = z.output<typeof membershipSchema>;

export const jobIdSchema = z.object({ JobID: z.int().positive() });

export const jobSchema = z.object({
  Status: z.string(),
  Error: z.union([z.string(), z.number()]).nullish(),
  ErrorFile: z.string().nullish(),
});
export type Job = z.output<typeof jobSchema>;

/** The message is a text, a text that looks like JSON, or an object. */
export const errorSchema = z.object({
  ErrorMessage: z.unknown().refine((message) => message !== undefined),
  StatusCode: z.number().nullish(),
});
