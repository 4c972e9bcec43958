// The service that restate.py starts: N durable no-op steps in three forms, and slow ones to be killed.
import fs from 'node:fs';
import { createRequire } from 'node:module';

// Node 20 lacks it, and the SDK wants it.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};
const restate = createRequire(`${process.env.BENCH_MODULES}/`)('@restatedev/restate-sdk');
const steps = (count, one) => Array.from({ length: count }, (_, number) => one(number));

restate.serve({
  port: 9080,
  services: [restate.service({
    name: 'bench',
    handlers: {
      row: async (ctx, count) => {
        for (let number = 0; number < count; number++) await ctx.run(`step ${number}`, () => number);
      },
      all: async (ctx, count) => {
        await restate.RestatePromise.all(steps(count, (number) => ctx.run(`step ${number}`, () => number)));
      },
      slow: async (ctx, { count, seconds, file }) => {
        for (let number = 0; number < count; number++) {
          await ctx.run(`step ${number}`, async () => {
            await new Promise((end) => setTimeout(end, 1000 * seconds));
            fs.appendFileSync(file, `${number}\n`);
          });
        }
      },
      one: async (ctx, number) => number,
      fan: async (ctx, count) => {
        const call = (number) => ctx.serviceClient({ name: 'bench' }).one(number);
        await restate.RestatePromise.all(steps(count, call));
      },
    },
  })],
});
