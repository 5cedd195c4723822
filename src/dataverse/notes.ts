/**
 * One note of ours on a record's timeline. Guarantees: a record has at most one, whose id is made from the record's, so
 * that a repetition writes the same one; the record's own row is never written to. A note that somebody deleted is made
 * anew by the next write. Source: Dataverse entity reference annotation (subject 500, notetext 100,000 characters;
 * annotationid may be given on create and never changed).
 */
import { createHash } from 'node:crypto';
import { formatRecordRef, type RecordRef } from '../../config/words.ts';
import { isConnectorError } from '../http/errors.ts';
import type { DataverseClient } from './client.ts';
import type { Note } from './crm.ts';
import { tableFacts } from './tables.ts';

/** Names the table of notes in metadata and privileges. */
export const noteTable = 'annotation';

const template = 'annotations({id})';

/** @param isThere whether the note is believed to exist: it is tried first as an update */
export async function writeNote(
  client: DataverseClient,
  ref: RecordRef,
  { subject, text }: Note,
  isThere: boolean,
  signal: AbortSignal,
): Promise<'done' | 'gone'> {
  const id = noteId(ref);
  const content = { subject, notetext: text };

  async function update(): Promise<boolean> {
    try {
      await client.patch(`annotations(${id})`, content, { template: `PATCH /${template}`, ifMatch: '*', signal });
      return true;
    } catch (error) {
      if (isConnectorError(error) && error.code === 'ROW_DOES_NOT_EXIST') return false;
      throw error;
    }
  }

  async function create(): Promise<'done' | 'gone' | 'exists'> {
    const about = { [`objectid_${ref.table}@odata.bind`]: `/${tableFacts[ref.table].set}(${ref.id})` };
    try {
      await client.send(
        'POST',
        'annotations',
        { annotationid: id, ...content, ...about },
        { template: 'POST /annotations', signal },
      );
      return 'done';
    } catch (error) {
      if (!isConnectorError(error)) throw error;
      if (error.code === 'ROW_DOES_NOT_EXIST') return 'gone';
      if (error.code === 'ROW_CHANGED') return 'exists';
      throw error;
    }
  }

  if (isThere && (await update())) return 'done';
  const created = await create();
  if (created !== 'exists') return created;
  return (await update()) ? 'done' : 'gone';
}

/** The same for a record at all times and in every process (a name-based UUID, RFC 9562 version 8). */
export function noteId(ref: RecordRef): string {
  const digest = createHash('sha256')
    .update(`dynamics-email-connector note ${formatRecordRef(ref)}`)
    .digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
