/** Lets what is written for the installed package find the sources of this checkout. */
import { registerHooks } from 'node:module';

/** From here on, for what is imported by `import()`. */
export function takeOwnPackage(): void {
  const doors: ReadonlyMap<string, string> = new Map(
    ['policy', 'starttls'].map((name) => [
      `waxwing/${name}`,
      new URL(`../../src/${name}.ts`, import.meta.url).href,
    ]),
  );
  registerHooks({
    resolve: (specifier, context, next) => next(doors.get(specifier) ?? specifier, context),
  });
}
