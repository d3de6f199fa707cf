/** How the page looks: by day, by night, on a telephone and on paper. A test measures its contrasts (WCAG 2.2 §1.4.3). */

/** Text on its background. */
export const colours = {
  light: {
    page: '#ffffff',
    text: '#1b1d21',
    quiet: '#4f5560',
    line: '#c4c8cf',
    box: '#f3f4f6',
    good: '#14602c',
    weak: '#7a4a00',
    bad: '#a3161a',
  },
  dark: {
    page: '#16181c',
    text: '#e8e9ec',
    quiet: '#aab0bb',
    line: '#464b55',
    box: '#22252b',
    good: '#7fd89a',
    weak: '#f0bf63',
    bad: '#ff9a94',
  },
} as const;

function variables(theme: keyof typeof colours): string {
  return Object.entries(colours[theme])
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');
}

export const style = [
  `:root{color-scheme:light dark;${variables('light')}}`,
  `@media (prefers-color-scheme:dark){:root{${variables('dark')}}}`,
  '*{box-sizing:border-box}',
  'body{margin:0;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}',
  'main,footer{max-width:64rem;margin:0 auto;padding:1rem}',
  'h1{font-size:1.5rem}h2{font-size:1.35rem;margin-top:2rem}h3{font-size:1.15rem}h4{font-size:1rem;margin-bottom:.25rem}',
  'p,ul{margin:.5rem 0}li{margin:.25rem 0}',
  'p,li,h2,h4,figcaption{overflow-wrap:anywhere}td,th{overflow-wrap:break-word}',
  'article,section{border-top:1px solid var(--line)}',
  '.wide{overflow-x:auto}',
  'table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.95rem}',
  'caption{text-align:left;color:var(--quiet);padding:.25rem 0}',
  'th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid var(--line);font-weight:normal}',
  'thead th{font-weight:600}thead th,td code,th code{white-space:nowrap}',
  'code,pre{font-family:ui-monospace,monospace;font-size:.9em}',
  'figure{margin:.5rem 0}figcaption{color:var(--quiet);font-size:.9rem}',
  'pre{margin:0;padding:.5rem .75rem;background:var(--box);border:1px solid var(--line);border-radius:.25rem;overflow-x:auto}',
  ':focus-visible{outline:2px solid var(--quiet);outline-offset:2px}',
  '.good{color:var(--good)}.weak{color:var(--weak)}.bad{color:var(--bad)}',
  'footer{color:var(--quiet);font-size:.9rem}',
  `@media print{:root{color-scheme:light;${variables('light')}}pre,td code,th code{white-space:pre-wrap}pre,td,th{overflow-wrap:anywhere}main,footer{max-width:none;padding:0}h2,h3,h4,figcaption{break-after:avoid}tr,figure,li{break-inside:avoid}article+article{break-before:page}}`,
].join('');
