/** The moments at which a worker is ended, and how it is told. Shared by the driver and what is loaded into the worker. */
export const phases = ['before-call', 'call-sent', 'answered', 'pull'] as const;
export type Phase = (typeof phases)[number];

export const phaseTexts: Record<Phase | 'random', string> = {
  'before-call': 'before the call',
  'call-sent': 'call sent',
  answered: 'answered but not committed',
  pull: 'during a pull transaction',
  random: 'at any other moment',
};

/** Whichever of the moments comes first is the worker's last. */
export interface CrashPlan {
  /** Phase → the how-manieth time that it is reached. */
  readonly after: Readonly<Partial<Record<Phase, number>>>;
  /** Host and port of each platform. */
  readonly platformHosts: readonly string[];
}

/** File descriptors: the worker's last words, and the line that lets it begin: a CrashPlan or null. */
export const reportTo = 3;
export const planFrom = 4;
