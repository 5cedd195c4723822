/**
 * The targets of the run: how each is configured, and what it holds, in the words of the model (firstName, Newsletter …).
 * Guarantees: everything that is mapped is read back, and whatever else a live contact holds under a mapped name too.
 */
import type { AdminContact as BoldDeskContact } from '../../fixtures/simulators/bolddesk/index.ts';
import type { AdminContact as KeapContact } from '../../fixtures/simulators/keap/index.ts';
import type { AdminContact as SpotlerContact } from '../../fixtures/simulators/spotler/admin.ts';
import { type Admin, adminOf } from './services.ts';
import { callTimeoutSeconds, fieldColumns, lateEffectSeconds, permissionColumns } from './settings.ts';
import type { ChaosWorld } from './simulators.ts';

/** One contact, as every platform can show it. */
export interface SeenContact {
  /** Null only for somebody anonymized. */
  readonly email: string | null;
  /** The record's id that it goes by, where it has one. */
  readonly recordId: string | undefined;
  /** By the model's names; what is empty is left out. */
  readonly fields: Readonly<Record<string, string>>;
  readonly permissions: Readonly<Record<string, boolean>>;
  readonly anonymized: boolean;
  /** Names of properties that are left on somebody anonymized. */
  readonly left: readonly string[];
}

export interface ChaosTarget {
  readonly name: string;
  readonly platform: string;
  /** Host and port: calls to it are the platform's. */
  readonly host: string;
  readonly admin: Admin;
  /** The target's part of the configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names of the model's fields and permissions that it has. */
  readonly fields: readonly string[];
  readonly permissions: readonly string[];
  contacts(): Promise<SeenContact[]>;
}

type Names = Readonly<Record<string, string>>;

const base = {
  // A 429 lowers the pace of the fleet, down to a twentieth: that much has to be enough.
  requestsPerSecond: 2000,
  callTimeoutSeconds,
  lateEffectSeconds,
};

/** Per table: the names that all targets share taken away, and this platform's in their place. */
function tablesOf(fields: Names, permissions: Names): Record<string, unknown> {
  const removed = (names: Iterable<string>): Record<string, null> =>
    Object.fromEntries([...names].map((name) => [name, null]));
  return Object.fromEntries(
    Object.entries(fieldColumns).map(([table, columns]) => [
      table,
      {
        fields: {
          ...removed([...Object.keys(columns), 'customerType', 'source']),
          ...Object.fromEntries(Object.entries(fields).map(([name, property]) => [property, columns[name]])),
        },
        permissions: {
          ...removed(Object.keys(permissionColumns)),
          ...Object.fromEntries(
            Object.entries(permissions).map(([name, property]) => [
              property,
              permissionColumns[name as keyof typeof permissionColumns],
            ]),
          ),
        },
      },
    ]),
  );
}

function translated(names: Names, values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, property]) => {
      const value = values[property];
      return value === undefined || value === null || value === '' ? [] : [[name, String(value)]];
    }),
  );
}

export function targetsOf(world: ChaosWorld): readonly [ChaosTarget, ...ChaosTarget[]] {
  const others = [world.keap && keap(world.keap), world.bolddesk && boldDesk(world.bolddesk)];
  return [spotler(world.spotler), ...others.filter((target) => target !== null)];
}

function spotler(at: ChaosWorld['spotler']): ChaosTarget {
  const admin = adminOf(at.adminUrl);
  return {
    name: 'main',
    platform: 'spotler',
    host: new URL(at.url).host,
    admin,
    settings: {
      ...base,
      name: 'main',
      platform: 'spotler',
      baseUrl: at.baseUrl,
      consumerKey: at.consumerKey,
      consumerSecret: at.consumerSecret,
    },
    fields: [...Object.keys(fieldColumns.contact ?? {}), 'customerType', 'source'],
    permissions: Object.keys(permissionColumns),
    async contacts() {
      return (await admin.get<SpotlerContact[]>('/contacts')).map((contact) => {
        const { email: _email, ...properties } = contact.properties;
        return {
          email: contact.email,
          recordId: contact.externalId ?? undefined,
          fields: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, String(value)])),
          permissions: contact.permissions,
          anonymized: contact.anonymized,
          left: contact.anonymized ? Object.keys(contact.properties) : [],
        };
      });
    },
  };
}

function keap(at: NonNullable<ChaosWorld['keap']>): ChaosTarget {
  const admin = adminOf(at.adminUrl);
  const fields: Names = { firstName: 'given_name', lastName: 'family_name', jobTitle: 'job_title' };
  const permissions: Names = { Newsletter: 'marketing' };
  return {
    name: 'keap',
    platform: 'keap',
    host: new URL(at.url).host,
    admin,
    settings: {
      ...base,
      name: 'keap',
      platform: 'keap',
      baseUrl: at.baseUrl,
      app: 'ab123',
      apiKey: at.apiKey,
      recordIdField: at.recordIdField,
      tables: tablesOf(fields, permissions),
    },
    fields: Object.keys(fields),
    permissions: Object.keys(permissions),
    async contacts() {
      return (await admin.get<KeapContact[]>('/contacts')).map((contact) => {
        const id = contact.customFields[at.recordIdField];
        return {
          email: contact.email,
          recordId: typeof id === 'string' ? id : undefined,
          fields: translated(fields, contact.properties),
          permissions: { Newsletter: contact.optedIn },
          anonymized: false,
          left: [],
        };
      });
    },
  };
}

function boldDesk(at: NonNullable<ChaosWorld['bolddesk']>): ChaosTarget {
  const admin = adminOf(at.adminUrl);
  const fields: Names = { jobTitle: 'contactJobTitle', city: 'contactAddress' };
  const permissions: Names = { Newsletter: 'cf_newsletter', Events: 'cf_events' };
  return {
    name: 'desk',
    platform: 'bolddesk',
    host: new URL(at.url).host,
    admin,
    settings: {
      ...base,
      name: 'desk',
      platform: 'bolddesk',
      baseUrl: at.baseUrl,
      apiKey: at.apiKey,
      allowTicketLoss: true,
      tables: tablesOf(fields, permissions),
    },
    fields: Object.keys(fields),
    permissions: Object.keys(permissions),
    async contacts() {
      return (await admin.get<BoldDeskContact[]>('/contacts')).map((contact) => ({
        email: contact.email,
        recordId: contact.externalReferenceId ?? undefined,
        fields: translated(fields, contact.properties),
        permissions: Object.fromEntries(
          Object.entries(permissions).map(([name, field]) => [name, contact.customFields[field] === true]),
        ),
        // Hidden is not erased: the second step is what makes it so.
        anonymized: false,
        left: [],
      }));
    },
  };
}
