/**
 * What each project offers: its fields and its consents, by their codes. Guarantees: read again after ten minutes;
 * nothing is written under a code that the project does not have, and nothing at all where the field of the record id is
 * missing. Keeps nothing outside this process.
 * wire: platforms.md 4.2, Projects.Get.
 */
import type { TableMap, TableSettings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { DialogInsightClient } from './client.ts';
import type { ProjectInfo } from './schema.ts';
import type { DialogInsightSettings } from './settings.ts';

export interface Field {
  readonly code: string;
  readonly dataType: string;
}

export interface Catalogue {
  /** Name on the wire of the address. */
  readonly email: string;
  /** Name on the wire of the record's id. */
  readonly recordId: string;
  /** Codes of every consent, mapped or not. */
  readonly consents: readonly string[];
  /** Throws `config` DIALOGINSIGHT_UNKNOWN_PROPERTY. */
  field(code: string): Field;
  /** The code as the project writes it. Throws `config` DIALOGINSIGHT_UNKNOWN_PERMISSION. */
  consent(code: string): string;
}

export interface Discovery {
  /** Throws ConnectorError; `config` when a field that the connector itself needs is not there. */
  read(idProject: number, signal: AbortSignal): Promise<Catalogue>;
}

type Own = Pick<DialogInsightSettings, 'emailField' | 'recordIdField'>;

const freshMs = 600_000;

export function createDiscovery(
  client: Pick<DialogInsightClient, 'project'>,
  settings: Own,
  now: () => number,
): Discovery {
  const known = new Map<number, { readonly catalogue: Catalogue; readonly readAt: number }>();
  const reading = new Map<number, Promise<Catalogue>>();

  async function refresh(idProject: number, signal: AbortSignal): Promise<Catalogue> {
    const info = await client.project(idProject, signal);
    const [problem] = ownFieldProblems(idProject, settings, info);
    if (problem) throw new ConnectorError('config', 'DIALOGINSIGHT_FIELD_MISSING', problem.message);
    const catalogue = catalogueOf(idProject, settings, info);
    known.set(idProject, { catalogue, readAt: now() });
    return catalogue;
  }

  return {
    async read(idProject, signal) {
      const recent = known.get(idProject);
      if (recent !== undefined && now() - recent.readAt < freshMs) return recent.catalogue;
      // Callers that come together share one reading.
      const shared = reading.get(idProject) ?? refresh(idProject, signal).finally(() => reading.delete(idProject));
      reading.set(idProject, shared);
      return shared;
    },
  };
}

function catalogueOf(idProject: number, settings: Own, info: ProjectInfo): Catalogue {
  const fields = new Map(
    info.ProjectFields.map(({ Code, DataType }) => [Code.toLowerCase(), { code: Code, dataType: DataType ?? '' }]),
  );
  const consents = new Map((info.OptinFields ?? []).map(({ Code }) => [Code.toLowerCase(), Code]));

  function field(code: string): Field {
    const found = fields.get(code.toLowerCase());
    if (found) return found;
    const message = `Project ${idProject} of Dialog Insight has no field ${code}.`;
    throw new ConnectorError('config', 'DIALOGINSIGHT_UNKNOWN_PROPERTY', message);
  }

  return {
    email: `f_${field(settings.emailField).code}`,
    recordId: `f_${field(settings.recordIdField).code}`,
    consents: [...consents.values()],
    field,
    consent(code) {
      const found = consents.get(code.toLowerCase());
      if (found !== undefined) return found;
      const message = `Project ${idProject} of Dialog Insight has no opt-in ${code}.`;
      throw new ConnectorError('config', 'DIALOGINSIGHT_UNKNOWN_PERMISSION', message);
    },
  };
}

export interface FieldProblem {
  readonly code: string;
  readonly message: string;
}

/** Of the fields that the connector itself needs, those that are not there. */
export function ownFieldProblems(idProject: number, settings: Own, info: ProjectInfo): FieldProblem[] {
  const there = new Set(info.ProjectFields.map(({ Code }) => Code.toLowerCase()));
  return [settings.emailField, settings.recordIdField]
    .filter((code) => !there.has(code.toLowerCase()))
    .map((code) => ({ code, message: `Project ${idProject} of Dialog Insight has no field ${code}.` }));
}

/** Every permission name of any table, once. */
export function mappedPermissions(tables: TableMap<TableSettings>): string[] {
  return [...new Set(Object.values(tables).flatMap((table) => Object.keys(table.permissions)))];
}
