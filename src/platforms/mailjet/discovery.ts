/**
 * What the account offers: its contact properties by name, and the contact list of each mapped permission. Guarantees:
 * read again after ten minutes; nothing is written under a name that Mailjet does not have; a list stays bound to its
 * permission by its id, so that a renamed list keeps its consents and is reported. Keeps nothing outside this process:
 * the core stores what it is told.
 * wire: platforms.md 1.3 (contactmetadata), 1.4 (lists).
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { PlatformContext } from '../context.ts';
import type { FieldValue } from '../platform.ts';
import { bindLists, type ListProblem } from './bind-lists.ts';
import type { MailjetClient } from './client.ts';
import type { ContactsList, Property } from './schema.ts';

/** The permission that every contact has: not to be excluded from campaigns. The others are lists, by name. */
export const marketing = 'marketing';
/** A contact's own name, which is no property. */
export const ownName = 'Name';

export interface Catalogue {
  readonly properties: ReadonlyMap<string, Property>;
  readonly lists: readonly ContactsList[];
  readonly problems: readonly ListProblem[];
  /** The list of a mapped permission; throws `config`. Not for `marketing`. */
  listOf(permission: string): number;
  /** Throws `config` MAILJET_UNKNOWN_PROPERTY for a name that cannot be written. */
  checkFields(fields: Readonly<Record<string, FieldValue>>): void;
}

export interface Discovery {
  /** Throws ConnectorError. */
  read(signal: AbortSignal): Promise<Catalogue>;
  /** Reads now. */
  refresh(signal: AbortSignal): Promise<Catalogue>;
}

const freshMs = 600_000;

export function createDiscovery(
  client: Pick<MailjetClient, 'properties' | 'lists'>,
  context: Pick<PlatformContext, 'tables' | 'logger' | 'now' | 'permissionBits' | 'onBound'>,
): Discovery {
  const names = mappedPermissions(context.tables).filter((name) => name !== marketing);
  let known: { readonly catalogue: Catalogue; readonly readAt: number } | undefined;
  let remembered: Readonly<Record<string, number>> = context.permissionBits ?? {};
  let reading: Promise<Catalogue> | undefined;

  async function refresh(signal: AbortSignal): Promise<Catalogue> {
    const properties = new Map((await client.properties(signal)).map((property) => [property.Name, property]));
    const lists = names.length === 0 ? [] : await client.lists(signal);
    const { ids, problems } = bindLists(names, lists, remembered);
    for (const { code, permission } of problems) {
      context.logger.error({ code, permission }, 'a mapped permission needs attention');
    }
    if (Object.entries(ids).some(([name, id]) => remembered[name] !== id)) {
      await context.onBound?.(ids);
      remembered = { ...remembered, ...ids };
    }
    const catalogue: Catalogue = {
      properties,
      lists,
      problems,
      listOf(permission) {
        const id = Object.hasOwn(ids, permission) ? ids[permission] : undefined;
        if (id !== undefined) return id;
        const problem = problems.find((candidate) => candidate.permission === permission);
        throw new ConnectorError(
          'config',
          problem?.code ?? 'MAILJET_LIST_UNKNOWN',
          problem ? `${problem.message} ${problem.mend}` : `Permission ${permission} is not mapped for this target.`,
        );
      },
      checkFields(fields) {
        const unknown = Object.keys(fields).find((name) => propertyProblem(name, properties) !== undefined);
        if (unknown === undefined) return;
        throw new ConnectorError(
          'config',
          'MAILJET_UNKNOWN_PROPERTY',
          `Mailjet has no contact property ${unknown} that can be written.`,
        );
      },
    };
    known = { catalogue, readAt: context.now() };
    return catalogue;
  }

  return {
    refresh,
    async read(signal) {
      if (known !== undefined && context.now() - known.readAt < freshMs) return known.catalogue;
      // Callers that come together share one reading.
      reading ??= refresh(signal).finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}

/** Why a mapped name cannot be written; undefined when it can. */
export function propertyProblem(name: string, properties: ReadonlyMap<string, Property>): string | undefined {
  if (name === ownName) return undefined;
  const property = properties.get(name);
  if (property === undefined) return `Mailjet has no contact property ${name}.`;
  // wire: the vendor's guide, jobs take static properties only.
  if ((property.NameSpace ?? 'static') !== 'static') return `The contact property ${name} is a historic one.`;
  return undefined;
}

/** Every permission name of any table, once. */
export function mappedPermissions(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.permissions)))];
}
