/**
 * The shapes of Keap's answers: only what is read, permissive to the rest. wire: the vendor's OpenAPI description of
 * version 2 (Contact, RestEmailAddressStatus, ObjectModel, Error).
 */
import { z } from 'zod';

/** Described as text; numbers are taken too. */
const id = z.union([z.string().min(1), z.int()]).transform(String);

const emailEntry = z.object({
  email: z.string().nullish(),
  field: z.string().nullish(),
  is_opt_in: z.boolean().nullish(),
  email_opt_status: z.string().nullish(),
});
export type EmailEntry = z.output<typeof emailEntry>;

const entries = z.array(z.record(z.string(), z.unknown())).nullish();
export type Entry = Record<string, unknown>;

export const contactSchema = z.object({
  id,
  email_addresses: z.array(emailEntry).nullish(),
  custom_fields: z.array(z.object({ id, content: z.unknown() })).nullish(),
  phone_numbers: entries,
  addresses: entries,
  fax_numbers: entries,
  social_accounts: entries,
});
export type Contact = z.output<typeof contactSchema>;

/** Everything, for whoever has to tell the person what is there. */
export const wholeSchema = z.record(z.string(), z.unknown());

export const contactsSchema = z.object({
  contacts: z.array(contactSchema).nullish(),
  next_page_token: z.string().nullish(),
});

export const statusSchema = z.object({ opted_in: z.boolean(), status: z.string() });
export type AddressStatus = z.output<typeof statusSchema>;

const customField = z.object({
  id,
  field_name: z.string(),
  field_type: z.string().nullish(),
  record_type: z.string().nullish(),
});
export type CustomField = z.output<typeof customField>;

export const modelSchema = z.object({ custom_fields: z.array(customField).nullish() });

/** The code is a number by the description, and a text in the 429 that users see. */
export const errorSchema = z.object({
  code: z.union([z.number(), z.string()]).transform(Number),
  message: z.string(),
});
