/** How long somebody who asks the server is kept waiting for one part of the answer. */

/** Milliseconds that one part has to answer. */
const patience = 3_000;

/** Throws when time is up. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('time is up')), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
