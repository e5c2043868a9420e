import type { App } from '../app/app.ts';
import { After } from './after.tsx';
import { Before } from './before.tsx';
import { Between } from './between.tsx';
import { CallView } from './call-view.tsx';

/** The screen where the visitor is. */
export function Root({ app }: { readonly app: App }) {
  const screen = app.screen.value;
  switch (screen.at) {
    case 'before':
      return <Before app={app} />;
    case 'connecting':
    case 'waiting':
      return <Between app={app} screen={screen} />;
    case 'call':
      return <CallView app={app} call={screen.call} />;
    case 'after':
      return <After app={app} end={screen.end} />;
  }
}
