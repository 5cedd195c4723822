/**
 * Everything that is done to one person: look-up, permissions, erasure. Guarantees: goes over every id the person may be
 * called by, and the address, in every project, the unified one last; `absent` is said only when no project has them; an
 * erasure is `done` only when each project confirmed it by its count. A deletion names the key of one contact that was
 * just found to be the only one with it; what cannot be deleted like that is `manual`. Each step can be repeated: before
 * the first deletion, the record's id is written to the contacts of the other projects, so that they are found again
 * when the process ends in between and only ids are known.
 * wire: platforms.md 4.4 to 4.6.
 */
import { parseRecordId } from '../../../config/words.ts';
import { ConnectorError, isConnectorError } from '../../http/errors.ts';
import type { ContactRef, Found, Outcome, PermissionBits } from '../platform.ts';
import type { DialogInsightClient } from './client.ts';
import type { Discovery } from './discovery.ts';
import { contactKeyOf, type LookUp, type Place, recordIdsOf } from './look-up.ts';
import { isYes, shownValue } from './schema.ts';
import type { DialogInsightSettings } from './settings.ts';
import { consentsOf, keyed, noConsents } from './values.ts';

export interface People {
  find(ref: ContactRef, signal: AbortSignal): Promise<Found | undefined>;
  resetPermissions(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
  setPermissions(ref: ContactRef, permissions: PermissionBits, signal: AbortSignal): Promise<Outcome>;
  anonymize(ref: ContactRef, signal: AbortSignal): Promise<Outcome>;
}

export const killFileStep =
  'To keep the address out of every project for good, add it to the kill file in Dialog Insight: there is no web service for that.';

interface Parts {
  readonly client: Pick<DialogInsightClient, 'contacts' | 'merge' | 'remove'>;
  readonly discovery: Discovery;
  readonly lookUp: LookUp;
  readonly settings: Pick<DialogInsightSettings, 'project' | 'killFile'>;
  /** Mapped permission names. */
  readonly permissions: readonly string[];
}

/** What became of one contact; undefined when it was gone before. */
type Step = { readonly requestId: string | undefined } | undefined;

export function createPeople({ client, discovery, lookUp, settings, permissions }: Parts): People {
  /** Changes an existing contact. A refusal of somebody who is there is thrown: `park`. */
  async function change(place: Place, data: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Step> {
    const { project } = place;
    const address = await lookUp.addressOf(place, signal);
    if (!address) throw withoutKey(project);
    const record = keyed(address.reveal(), data, await discovery.read(project, signal));
    const { value, requestId } = await client.merge(project, [record], 'update', signal);
    if (value[0]?.Status?.toLowerCase() === 'updated') return { requestId };
    if (!(await lookUp.isThere(place, signal))) return undefined;
    throw new ConnectorError(
      'park',
      'DIALOGINSIGHT_NOT_CHANGED',
      `Dialog Insight did not change a contact of project ${project} and does not say why. Look at it there.`,
      { status: 200 },
    );
  }

  /** Answers undefined when it was gone before. */
  async function remove(place: Place, signal: AbortSignal): Promise<Step | typeof byHand> {
    const { project, contact } = place;
    const { email } = await discovery.read(project, signal);
    const address = await lookUp.addressOf(place, signal);
    if (!address) return byHand;
    // The key may lead to somebody else by now, or to several: nobody is deleted whom we did not look at.
    const same = await client.contacts(project, email, address.reveal(), signal);
    if (same.length > 1) return byHand;
    if (same.length === 0) return (await lookUp.isThere(place, signal)) ? byHand : undefined;
    if (same[0]?.idContact !== contact.idContact) throw changed(project);
    const { value: deleted, requestId } = await client.remove(project, email, address, signal);
    if (deleted) return { requestId };
    if (!(await lookUp.isThere(place, signal))) return undefined;
    throw new ConnectorError(
      'retry',
      'DIALOGINSIGHT_STILL_FOUND',
      `Dialog Insight deleted nobody of project ${project} and still finds the contact.`,
      { status: 200 },
    );
  }

  /** Makes everybody but the first findable by the record's id; a refusal of that keeps nobody from being erased. */
  async function mark(places: readonly Place[], ref: ContactRef, signal: AbortSignal): Promise<void> {
    const ours = recordIdsOf(ref);
    const [id] = ours;
    if (id === undefined) return;
    for (const place of places.slice(1)) {
      const carried = await lookUp.recordIdOf(place, signal);
      if (ours.some((own) => own === parseRecordId(carried)) || !(await lookUp.addressOf(place, signal))) continue;
      const { recordId } = await discovery.read(place.project, signal);
      try {
        await change(place, { [recordId]: id }, signal);
      } catch (error) {
        if (!isConnectorError(error) || error.kind !== 'park') throw error;
      }
    }
  }

  return {
    async find(ref, signal) {
      const place = await lookUp.first(ref, signal);
      if (place === undefined) return undefined;
      const { project, contact } = place;
      const catalogue = await discovery.read(settings.project, signal);
      // What another project holds says nothing about the consents that are mapped.
      const bits = permissions.map((name) => {
        const code = catalogue.consent(name);
        return [name, project === settings.project && isYes(shownValue(contact, `optin_${code}`))] as const;
      });
      return { contactKey: contactKeyOf(project, contact.idContact), permissions: Object.fromEntries(bits) };
    },

    async resetPermissions(ref, signal) {
      let done: Outcome | undefined;
      for (const place of await lookUp.everywhere(ref, signal)) {
        const consents = noConsents(await discovery.read(place.project, signal));
        if (Object.keys(consents).length === 0) {
          if (place.project === settings.project) throw noOptIns(place.project);
          continue;
        }
        const step = await change(place, consents, signal);
        if (step) done ??= doneAt(place, step);
      }
      return done ?? absent;
    },

    async setPermissions(ref, wanted, signal) {
      const places = await lookUp.everywhere(ref, signal);
      const place = places.find(({ project }) => project === settings.project);
      if (place === undefined) return absent;
      const consents = consentsOf(wanted, await discovery.read(settings.project, signal));
      if (Object.keys(consents).length === 0) return doneAt(place, { requestId: undefined });
      const step = await change(place, consents, signal);
      return step ? doneAt(place, step) : absent;
    },

    async anonymize(ref, signal) {
      const places = await lookUp.everywhere(ref, signal);
      await mark(places, ref, signal);
      let done: Outcome | undefined;
      const left = new Set<number>();
      for (const place of places) {
        const step = await remove(place, signal);
        if (step === byHand) left.add(place.project);
        else if (step) done ??= doneAt(place, step);
      }
      if (left.size > 0) return { kind: 'manual', status: 200, detail: toDeleteByHand([...left]) };
      if (done === undefined) return absent;
      return settings.killFile === 'byHand' ? { ...done, detail: killFileStep } : done;
    },
  };
}

/** There is no clause that would delete this contact and surely nobody else. */
const byHand = 'byHand';

const absent: Outcome = { kind: 'absent', status: 404 };

function doneAt({ project, contact }: Place, { requestId }: NonNullable<Step>): Outcome {
  const contactKey = contactKeyOf(project, contact.idContact);
  return { kind: 'done', status: 200, contactKey, ...(requestId === undefined ? {} : { requestId }) };
}

function toDeleteByHand(projects: readonly number[]): string {
  return `Dialog Insight has a contact that its address alone does not name (none, one of several, or not found by it) in project ${projects.join(', ')}: to be deleted by hand there.`;
}

function withoutKey(project: number): ConnectorError {
  return new ConnectorError(
    'park',
    'DIALOGINSIGHT_WITHOUT_KEY',
    `A contact of project ${project} has no address, so Dialog Insight cannot be told to change it. Look at it there.`,
  );
}

function changed(project: number): ConnectorError {
  return new ConnectorError(
    'retry',
    'DIALOGINSIGHT_CHANGED',
    `An address of project ${project} went to another contact of Dialog Insight in between; it is looked up again.`,
  );
}

function noOptIns(project: number): ConnectorError {
  return new ConnectorError(
    'config',
    'DIALOGINSIGHT_NO_OPT_INS',
    `Project ${project} of Dialog Insight shows no opt-in: nobody could be reset. Let the key see them.`,
  );
}
