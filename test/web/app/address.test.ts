import { describe, expect, it } from 'vitest';
import { linkTo, readAddress } from '../../../web/app/address.ts';

const read = (rest: string) => {
  const { search, hash } = new URL(rest, 'https://call.example');
  return readAddress({ search, hash });
};

describe('the address of the page', () => {
  it('names a room in its query, in its fragment, or as the fragment', () => {
    for (const rest of ['/?room=caf%C3%A9', '/#room=caf%C3%A9', '/#caf%C3%A9'])
      expect(read(rest).room).toBe('café');
    expect(read('/#100%').room).toBe('100%');
    expect(read('/').room).toBe('');
  });

  it('may bring name, token, language, a transport that pages have, and the wish to moderate', () => {
    expect(read('/?room=r&name=Ada&lang=zh&transport=connect-web&moderate=1#token=abc')).toEqual({
      room: 'r',
      name: 'Ada',
      token: 'abc',
      language: 'zh',
      transport: 'connect-web',
      moderate: true,
    });
    expect(read('/?transport=grpc&moderate=yes')).toMatchObject({ transport: undefined, moderate: false });
  });

  it('makes a link for others without token, name and rights', () => {
    const href = 'https://call.example/?room=old&name=Ada&moderate=1&lang=zh#token=secret';
    expect(linkTo('new room', href)).toBe('https://call.example/?room=new+room&lang=zh');
  });
});
