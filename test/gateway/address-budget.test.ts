import { describe, expect, test } from 'vitest';
import { AddressBlocks } from '../../src/gateway/address-blocks.ts';
import { AddressBudget, addressKey } from '../../src/gateway/address-budget.ts';

describe('an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['', ''],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('the budget of addresses', () => {
  test('is one for each, and for all of an IPv6 subscriber', () => {
    let now = 0;
    const budget = new AddressBudget({ burst: 1, perSecond: 1 }, () => now);
    expect(budget.take('192.0.2.1')).toBe(0);
    expect(budget.take('192.0.2.2')).toBe(0);
    expect(budget.take('192.0.2.1')).toBe(1000);
    expect(budget.take('2001:db8::1')).toBe(0);
    expect(budget.take('2001:db8::2')).toBe(1000);
    now = 1000;
    expect(budget.take('2001:db8::2')).toBe(0);
  });

  test('lets an address pay for what it did, but not for ever', () => {
    let now = 0;
    const budget = new AddressBudget({ burst: 10, perSecond: 10 }, () => now);
    for (let cut = 0; cut < 100; cut += 1) budget.charge('192.0.2.1', 20, 5000);
    expect(budget.take('192.0.2.1')).toBe(5100);
    expect(budget.take('192.0.2.2')).toBe(0);
    now = 5100;
    expect(budget.take('192.0.2.1')).toBe(0);
  });

  test('forgets those that it has not heard of for longest', () => {
    const budget = new AddressBudget({ burst: 1, perSecond: 1 }, () => 0);
    expect(budget.take('192.0.2.1')).toBe(0);
    for (let index = 0; index < 16_384; index += 1) {
      if (index === 8_000) expect(budget.take('192.0.2.1')).toBe(1000);
      budget.take(`10.0.${index >> 8}.${index & 255}`);
    }
    expect(budget.take('192.0.2.1')).toBe(1000);
    for (let index = 0; index < 16_384; index += 1) budget.take(`10.1.${index >> 8}.${index & 255}`);
    expect(budget.take('192.0.2.1')).toBe(0);
  });
});

describe('a block', () => {
  test('holds for one address, or for the /64 of one, until its time is over', () => {
    let now = 0;
    const blocks = new AddressBlocks(() => now);
    expect(blocks.check('192.0.2.1')).toBe(false);
    blocks.block('192.0.2.1', 1000);
    blocks.block('2001:db8::1', 1000);
    expect(['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::2'].map((one) => blocks.check(one))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['192.0.2.2', '2001:db8:0:1::1'].map((one) => blocks.check(one))).toEqual([false, false]);
    now = 1000;
    expect(blocks.check('192.0.2.1')).toBe(false);
  });

  test('is not remembered for ever, however many there are', () => {
    let now = 0;
    const blocks = new AddressBlocks(() => now);
    for (let index = 0; index < 5_000; index += 1) blocks.block(`10.0.${index >> 8}.${index & 255}`, 1000);
    expect(blocks.check('10.0.3.255')).toBe(true);
    expect(blocks.check('10.0.4.0')).toBe(false);
    now = 1000;
    blocks.block('10.0.4.0', 1000);
    expect(blocks.check('10.0.4.0')).toBe(true);
  });
});
