/**
 * Does something with every item, a few at a time, and hands the results on in the items' order. No more results are
 * kept waiting than are worked on, so memory stays bounded however many items there are.
 */
export async function* inParallel<Item, Result>(
  items: AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // It is told where it is awaited, which may be later than it fails.
      result.catch(() => undefined);
      underWay.push(result);
      const [oldest] = underWay;
      if (underWay.length < most || oldest === undefined) continue;
      yield await oldest;
      void underWay.shift();
    }
    while (underWay[0] !== undefined) {
      yield await underWay[0];
      void underWay.shift();
    }
  } finally {
    // What was begun is waited for; the failure that ended the loop is the one to tell.
    await Promise.allSettled(underWay);
  }
}
