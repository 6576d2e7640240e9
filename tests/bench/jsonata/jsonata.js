// The reference implementation's times: as bench_jsonata.lua prints them.
//
// jsonata.js EXPRESSIONS.json NODE_MODULES: for each expression a line with
// the microseconds of an evaluation on parsed input, and of one with parsing
// and serialising.
"use strict";
const fs = require("fs");
const path = require("path");

const jsonata = require(path.resolve(process.argv[3], "jsonata"));
const suite = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const text = JSON.stringify(suite.input);
const input = JSON.parse(text);

const ROUNDS = 40;
const ROUND_MS = 4;

async function once(work, count) {
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) await work();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1000;
}

// The best of many short rounds: what others do on the machine costs least.
async function best(work) {
  await once(work, 500);
  let count = 50;
  while ((await once(work, count)) < ROUND_MS) count *= 2;
  let least = Infinity;
  for (let i = 0; i < ROUNDS; i++)
    least = Math.min(least, (await once(work, count)) / count);
  return least * 1000;
}

async function main() {
  for (const text_of of suite.expressions) {
    const program = jsonata(text_of);
    const parsed = await best(() => program.evaluate(input));
    const whole = await best(async () =>
      JSON.stringify(await program.evaluate(JSON.parse(text))));
    const compile = await best(() => jsonata(text_of));
    console.log([parsed.toFixed(4), whole.toFixed(4), compile.toFixed(4)]
      .join("\t"));
  }
}

main();
