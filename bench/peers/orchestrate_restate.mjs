// The service that orchestrate_restate.py starts: N durable no-op steps in three forms.
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
      one: async (ctx, number) => number,
      fan: async (ctx, count) => {
        const call = (number) => ctx.serviceClient({ name: 'bench' }).one(number);
        await restate.RestatePromise.all(steps(count, call));
      },
    },
  })],
});
