/** The part of express that the classic server uses; its types are a package of their own. */
declare module 'express' {
  import type { RequestListener } from 'node:http';

  interface Application extends RequestListener {
    get(path: string, handler: (request: unknown, response: { send(body: string): void }) => void): void;
  }
  export default function express(): Application;
}
