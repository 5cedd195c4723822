/**
 * Alarms as states of the whole fleet. Guarantees: whoever finds something wrong first raises it, whoever finds it mended
 * first clears it, and everybody else is told that there was nothing to do; a message that has to be told to somebody
 * else stays owed until it was taken. Holds ids, codes and our own sentences.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

export interface RaisedAlarm {
  readonly id: number;
  readonly alarm: string;
  readonly subject: string;
  readonly code: string;
  readonly message: string;
  readonly raisedAt: Date;
}

/** Something that was not told yet. */
export interface AlarmMessage extends RaisedAlarm {
  readonly event: 'raised' | 'cleared';
  readonly clearedAt: Date | null;
}

export interface AlarmBook {
  /** True when it was not raised before. Another code or message of a raised one is kept, and is no news. */
  raise(alarm: string, subject: string, code: string, message: string): Promise<boolean>;
  /** True when it was raised. */
  clear(alarm: string, subject: string): Promise<boolean>;
  /** What is wrong now, oldest first. */
  raised(): Promise<RaisedAlarm[]>;
  /** In the order in which they happened. What was raised and cleared before it was told is told as both. */
  untold(limit: number): Promise<AlarmMessage[]>;
  told(message: Pick<AlarmMessage, 'id' | 'event'>): Promise<void>;
  /** Nobody is to be told: what is over is not owed any more, what is wrong still is. */
  tellNobody(): Promise<void>;
  /** Forgets what was cleared more than so many days ago. Answers how many rows. */
  drop(days: number): Promise<number>;
}

interface MessageRow {
  id: number;
  alarm: string;
  subject: string;
  code: string;
  message: string;
  event: 'raised' | 'cleared';
  raised_at: Date;
  cleared_at: Date | null;
}

export function createAlarmBook(db: Kysely<Database>): AlarmBook {
  return {
    async raise(alarm, subject, code, message) {
      const result = await sql<{ is_new: boolean }>`
        insert into alarm as a (alarm, subject, code, message) values (${alarm}, ${subject}, ${code}, ${message})
        on conflict (alarm, subject) where cleared_at is null do update set code = excluded.code, message = excluded.message
          where a.code <> excluded.code or a.message <> excluded.message
        returning xmax = 0 as is_new`.execute(db);
      return result.rows[0]?.is_new ?? false;
    },

    async clear(alarm, subject) {
      const result = await sql`update alarm set cleared_at = now()
        where alarm = ${alarm} and subject = ${subject} and cleared_at is null`.execute(db);
      return Number(result.numAffectedRows ?? 0) > 0;
    },

    async raised() {
      const rows = await db
        .selectFrom('alarm')
        .select(['id', 'alarm', 'subject', 'code', 'message', 'raised_at'])
        .where('cleared_at', 'is', null)
        .orderBy('id')
        .execute();
      return rows.map(({ raised_at: raisedAt, ...row }) => ({ ...row, raisedAt }));
    },

    async untold(limit) {
      const result = await sql<MessageRow>`
        select * from (
          select id, alarm, subject, code, message, 'raised' as event, raised_at, cleared_at, raised_at as at
          from alarm where raised_told_at is null
          union all
          select id, alarm, subject, code, message, 'cleared', raised_at, cleared_at, cleared_at
          from alarm where cleared_at is not null and cleared_told_at is null
        ) m order by at, id, event desc limit ${limit}`.execute(db);
      return result.rows.map(({ id, alarm, subject, code, message, event, raised_at, cleared_at }) => ({
        id,
        alarm,
        subject,
        code,
        message,
        event,
        raisedAt: raised_at,
        clearedAt: event === 'cleared' ? cleared_at : null,
      }));
    },

    async told({ id, event }) {
      const column = event === 'raised' ? 'raised_told_at' : 'cleared_told_at';
      await sql`update alarm set ${sql.ref(column)} = now() where id = ${id}`.execute(db);
    },

    async tellNobody() {
      await sql`update alarm set raised_told_at = now(), cleared_told_at = now()
        where cleared_at is not null and cleared_told_at is null`.execute(db);
    },

    async drop(days) {
      const result = await sql`delete from alarm where cleared_at < now() - ${days} * interval '1 day'`.execute(db);
      return Number(result.numAffectedRows ?? 0);
    },
  };
}
