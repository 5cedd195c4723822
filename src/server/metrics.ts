/**
 * The figures that a monitoring system reads, by the conventions of Prometheus. Guarantees: counters and histograms are of
 * this process, gauges are looked up in the ledger when somebody asks; a gauge that cannot be read is left out and the
 * others are still told; no label holds anything about a person.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Logger } from '../logging.ts';
import { inTime } from './patience.ts';

/** A number that is looked up whenever somebody asks. */
export interface Measure {
  /** Prometheus name, without the prefix `connector_`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
}

/** As the core tells about its work; see src/sync/meter.ts. */
interface Meter {
  applied(what: {
    readonly target: string;
    readonly action: string;
    readonly rule: string;
    readonly lagMs: number | undefined;
  }): void;
  erased(target: string, afterMs: number): void;
  called(target: string): void;
  throttled(target: string): void;
}

/**
 * What became of a message to the webhook: its table is read; it is read although the message came without content; it
 * names no table that is synchronised; it did not carry the secret.
 */
export type WebhookResult = 'taken' | 'oversized' | 'unknown' | 'refused';

export interface Metrics {
  readonly registry: Registry;
  readonly meter: Meter;
  /** A message to the webhook was answered. */
  webhook(result: WebhookResult): void;
  addGauge(measure: Measure, logger: Logger): void;
}

/** Actions that take something away from somebody, or somebody away. */
const optOuts: ReadonlySet<string> = new Set(['anonymize', 'resetPermissions']);

/** @param buckets upper bounds of the lags, in seconds */
export function createMetrics(buckets: readonly number[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'connector_up', help: '1 while the worker runs.', registers }).set(1);
  const applied = new Counter({
    name: 'connector_applied_total',
    help: 'Changes that were brought to their end, by action and rule.',
    labelNames: ['target', 'action', 'rule'],
    registers,
  });
  const calls = new Counter({
    name: 'connector_platform_calls_total',
    help: 'Calls of the platform.',
    labelNames: ['target'],
    registers,
  });
  const throttled = new Counter({
    name: 'connector_platform_throttled_total',
    help: 'Calls that the platform answered with 429.',
    labelNames: ['target'],
    registers,
  });
  const histogram = (name: string, help: string): Histogram<'target'> =>
    new Histogram({ name, help, labelNames: ['target'], buckets: [...buckets], registers });
  const lag = histogram(
    'connector_apply_lag_seconds',
    'From the change in the CRM until it was applied; full reads and deletions, which carry no time, are left out.',
  );
  const optOutLag = histogram(
    'connector_opt_out_lag_seconds',
    'The same for changes after which somebody was anonymized or had permissions reset.',
  );
  const erasure = histogram(
    'connector_erasure_seconds',
    'From the request of an erasure until the target confirmed it.',
  );
  const messages = new Counter({
    name: 'connector_webhook_messages_total',
    help: 'Messages of Dynamics to the webhook, by what became of them.',
    labelNames: ['result'],
    registers,
  });
  return {
    registry,
    webhook: (result) => messages.inc({ result }),
    meter: {
      applied({ target, action, rule, lagMs }) {
        applied.inc({ target, action, rule });
        if (lagMs === undefined) return;
        lag.observe({ target }, lagMs / 1000);
        if (optOuts.has(action)) optOutLag.observe({ target }, lagMs / 1000);
      },
      erased: (target, afterMs) => erasure.observe({ target }, afterMs / 1000),
      called: (target) => calls.inc({ target }),
      throttled: (target) => throttled.inc({ target }),
    },
    addGauge(measure, logger) {
      const gauge = new Gauge({
        name: `connector_${measure.name}`,
        help: measure.help,
        labelNames: [...measure.labels],
        registers,
        async collect() {
          gauge.reset();
          try {
            for (const { labels, value } of await inTime(measure.read())) gauge.set({ ...labels }, value);
          } catch (error) {
            // The others are still worth having; the absent one raises its own alarm.
            logger.warn({ error, measure: measure.name }, 'a measure could not be read');
          }
        },
      });
    },
  };
}
