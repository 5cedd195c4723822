/**
 * The shapes of Spotler's answers: only what is read, permissive to the rest (dates come as epoch numbers or as ISO
 * text depending on the path's version and are not read). wire: Spotler swagger 1.2, spotler.md B.3 to B.6.
 */
import { z } from 'zod';

const setEntry = z.object({ bit: z.int(), description: z.string() });

export const propertySchema = z.object({
  name: z.string(),
  type: z.string(),
  /** Only of type `set`. */
  entries: z.array(setEntry).nullish(),
});
export const propertiesSchema = z.array(propertySchema);
export type Property = z.output<typeof propertySchema>;
export type PermissionEntry = z.output<typeof setEntry>;

export const contactSchema = z.object({
  externalId: z.string().nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});
export type Contact = z.output<typeof contactSchema>;

const paging = z.object({ next: z.string().nullish(), after: z.int().nullish() });

/** Unversioned path: `{ paging, contacts }`; version 1.1.0: a bare array. */
export const contactsSchema = z.union([
  z.array(contactSchema).transform((contacts) => ({ contacts, paging: undefined })),
  z.object({ contacts: z.array(contactSchema).nullish(), paging: paging.nullish() }).transform((page) => ({
    contacts: page.contacts ?? [],
    paging: page.paging ?? undefined,
  })),
]);

export const bulkSchema = z.array(z.object({ externalId: z.string().nullish(), code: z.string() }));
export type BulkRow = z.output<typeof bulkSchema>[number];

export const errorSchema = z.object({ errorType: z.string() });

const permissionValues = z.array(z.object({ bit: z.int(), enabled: z.boolean() }));

/** The bits of a contact; those that are not shown are false ("properties will only be shown if data is available"). */
export function enabledBits(contact: Contact): ReadonlySet<number> {
  const read = permissionValues.safeParse(contact.properties?.permissions ?? []);
  return new Set(read.success ? read.data.filter((value) => value.enabled).map((value) => value.bit) : []);
}

/** What Spotler may keep of somebody it anonymized: an entry without anything about a person. */
export function isShell(contact: Contact): boolean {
  return Object.entries(contact.properties ?? {}).every(
    ([name, value]) =>
      name === 'permissions' || value === null || value === '' || (Array.isArray(value) && value.length === 0),
  );
}
