/**
 * What the app offers: its custom fields by name, the record id's among them. Guarantees: read again after ten minutes;
 * nothing is written under a name that Keap does not have. Keeps nothing outside this process.
 * wire: the vendor's description, GET /contacts/model.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { KeapClient } from './client.ts';
import { fieldOf, isPlain, type Property, propertyOf } from './properties.ts';
import type { CustomField } from './schema.ts';

/** The one permission that Keap has: an address may be sent marketing mail, or not. */
export const marketing = 'marketing';

export interface Catalogue {
  readonly customFields: readonly CustomField[];
  readonly recordId: CustomField;
  /** Throws `config` KEAP_UNKNOWN_PROPERTY. */
  property(name: string): Property;
}

export interface Discovery {
  /** Throws ConnectorError; `config` when the field of the record id is not there. */
  read(signal: AbortSignal): Promise<Catalogue>;
}

const freshMs = 600_000;

export function createDiscovery(
  client: Pick<KeapClient, 'customFields'>,
  recordIdField: string,
  now: () => number,
): Discovery {
  let known: { readonly catalogue: Catalogue; readonly readAt: number } | undefined;
  let reading: Promise<Catalogue> | undefined;

  async function refresh(signal: AbortSignal): Promise<Catalogue> {
    const customFields = await client.customFields(signal);
    const problem = recordIdProblem(recordIdField, customFields);
    const recordId = fieldOf(recordIdField, customFields);
    if (problem !== undefined || recordId === undefined) {
      throw new ConnectorError('config', 'KEAP_RECORD_ID_FIELD', problem ?? 'Keap has no field for the record id.');
    }
    const catalogue: Catalogue = {
      customFields,
      recordId,
      property(name) {
        const property = propertyOf(name, customFields);
        if (property) return property;
        throw new ConnectorError('config', 'KEAP_UNKNOWN_PROPERTY', `Keap has no property ${name} for contacts.`);
      },
    };
    known = { catalogue, readAt: now() };
    return catalogue;
  }

  return {
    async read(signal) {
      if (known !== undefined && now() - known.readAt < freshMs) return known.catalogue;
      // Callers that come together share one reading.
      reading ??= refresh(signal).finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}

/** Types that `==` can find by. wire: the description, custom field filters. */
const textTypes = new Set(['TEXT', 'TEXT_AREA']);

export function recordIdProblem(name: string, customFields: readonly CustomField[]): string | undefined {
  if (isPlain(name)) return `${name} is a property of every contact; the record id needs a custom field of its own.`;
  const field = fieldOf(name, customFields);
  if (field === undefined) return `Keap has no custom field ${name} for contacts.`;
  if (field.field_type && !textTypes.has(field.field_type)) return `The custom field ${name} is not of type text.`;
  return undefined;
}

/** Every permission name of any table, once. */
export function mappedPermissions(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.permissions)))];
}
