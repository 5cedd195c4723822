/**
 * The audit that runs by itself. Guarantees: mends nothing and raises one alarm for what needs a person; what could not
 * be looked at is logged and raises none, since the pause of a target has an alarm of its own. Does not prove that there
 * is no drift: it looks at a sample, another one each time.
 */
import { type AuditReport, audit } from './audit.ts';
import type { Core } from './core.ts';

const driftAlarm = 'drift';

export async function scheduledAudit(core: Core, signal: AbortSignal): Promise<void> {
  const { sample } = core.settings.audit ?? {};
  const report = await audit(core, { sample, repair: false, actor: 'schedule', signal });
  for (const row of report.targets) {
    const { target, asked, trouble } = row;
    const drifts = report.drifts.filter((drift) => drift.target === target);
    const causes = countsOf(drifts);
    core.logger.info({ target, asked, causes, code: trouble?.code }, 'audited a target');
    if (drifts.length > 0) {
      const what = Object.entries(causes).map(([cause, n]) => `${n} ${cause}`);
      const message = `an audit found people on the target who are not as they should be (${what.join(', ')}); see: connector audit`;
      await core.alarms.raise(driftAlarm, target, 'DRIFT_FOUND', message);
    } else if (!trouble) await core.alarms.clear(driftAlarm, target);
  }
}

function countsOf(drifts: AuditReport['drifts']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { cause } of drifts) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}
