/** Lets what is written for the installed package find the sources of this checkout: import it before. */
import { registerHooks } from 'node:module';

const doors: ReadonlyMap<string, string> = new Map(
  ['policy', 'starttls'].map((name) => [
    `waxwing/${name}`,
    new URL(`../../src/${name}.ts`, import.meta.url).href,
  ]),
);

registerHooks({
  resolve: (specifier, context, next) => next(doors.get(specifier) ?? specifier, context),
});
