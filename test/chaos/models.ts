/**
 * One model for each target: they are told the same of the CRM, and only the first target's is told what people do there.
 */
import type { ChaosModel } from '../model/chaos-model.ts';

/** What the CRM's driver tells. */
export type Told = Pick<
  ChaosModel,
  | 'put'
  | 'gone'
  | 'erasureAsked'
  | 'jobMayMean'
  | 'erasureDone'
  | 'erasureRefused'
  | 'syncAsked'
  | 'lowered'
  | 'seenThere'
  | 'row'
>;

export function tellAll(models: readonly [ChaosModel, ...ChaosModel[]]): Told {
  const [first] = models;
  return {
    put(row, at) {
      for (const model of models) model.put(row, at);
    },
    gone(name, at) {
      for (const model of models) model.gone(name, at);
    },
    erasureAsked(job, name, at) {
      for (const model of models) model.erasureAsked(job, name, at);
    },
    jobMayMean(job, heir, at) {
      for (const model of models) model.jobMayMean(job, heir, at);
    },
    erasureDone(job, name, at) {
      for (const model of models) model.erasureDone(job, name, at);
    },
    erasureRefused(job) {
      for (const model of models) model.erasureRefused(job);
    },
    syncAsked(name, at) {
      for (const model of models) model.syncAsked(name, at);
    },
    lowered: (address, permission, at) => first.lowered(address, permission, at),
    seenThere: (address, at) => first.seenThere(address, at),
    row: (name) => first.row(name),
  };
}
