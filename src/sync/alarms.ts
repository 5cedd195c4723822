/**
 * Tells people who are not looking. Guarantees: an alarm is a state of the whole fleet, logged once when it is raised and
 * once when it is cleared, by whichever process found out first; a database that cannot be reached stops no work: the log
 * says it then, and says that the alarm could not be stored. What is raised stays raised over restarts.
 */
import type { Logger } from 'pino';
import type { AlarmBook } from '../store/alarms.ts';
import type { Alarms } from './core.ts';

export function createAlarms(book: Pick<AlarmBook, 'raise' | 'clear'>, logger: Logger): Alarms {
  return {
    async raise(alarm, subject, code, message) {
      const told = { alarm, subject, code, reason: message };
      try {
        if (await book.raise(alarm, subject, code, message)) logger.error(told, 'alarm raised');
      } catch (error) {
        logger.error({ ...told, err: error }, 'an alarm could not be stored');
      }
    },
    async clear(alarm, subject) {
      try {
        if (await book.clear(alarm, subject)) logger.info({ alarm, subject }, 'alarm cleared');
      } catch (error) {
        logger.warn({ alarm, subject, err: error }, 'whether an alarm is over could not be stored');
      }
    },
  };
}
