/**
 * Alarms are states: raised once when their cause appears, cleared once when it is gone. This process's view; a restart
 * raises again what is still the case. Writes to the log; the metrics read what is raised.
 */
import type { Logger } from 'pino';
import type { Alarms } from './core.ts';

export interface RaisedAlarm {
  readonly alarm: string;
  readonly subject: string;
  readonly code: string;
  readonly message: string;
}

export function createAlarms(logger: Logger): Alarms & { raised(): RaisedAlarm[] } {
  const raised = new Map<string, RaisedAlarm>();
  return {
    raise(alarm, subject, code, message) {
      const key = `${alarm} ${subject}`;
      if (raised.get(key)?.code === code) return;
      raised.set(key, { alarm, subject, code, message });
      logger.error({ alarm, subject, code, reason: message }, 'alarm raised');
    },
    clear(alarm, subject) {
      if (raised.delete(`${alarm} ${subject}`)) logger.info({ alarm, subject }, 'alarm cleared');
    },
    raised: () => [...raised.values()],
  };
}
