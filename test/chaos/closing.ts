/**
 * What has to be ended, whatever happens. Guarantees: the last that was started is ended first; everybody who asks waits
 * for the same ending; what is added after it began is ended at once; Ctrl-C ends it all, and the process after it.
 */
export interface Closing {
  add(closer: () => Promise<void>): void;
  close(): Promise<void>;
}

export function createClosing(): Closing & { forget(): void } {
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (let closer = closers.pop(); closer; closer = closers.pop()) {
      try {
        await closer();
      } catch (error) {
        process.stderr.write(`could not be ended: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  }

  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  const onInterrupt = (): void => {
    process.stdout.write('interrupted: ending everything\n');
    void close().then(() => process.exit(1));
  };
  process.on('SIGINT', onInterrupt).on('SIGTERM', onInterrupt);

  return {
    add(closer) {
      closers.push(closer);
      if (closing) closing = closing.then(closeAll);
    },
    close,
    /** After the ending: the signals are the process's own again. */
    forget() {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
    },
  };
}
