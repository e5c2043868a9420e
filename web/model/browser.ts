/** Browsers whose ways of asking for devices differ. On iOS every browser is WebKit, but the settings are its own. */
export type Browser =
  | 'chrome'
  | 'edge'
  | 'firefox'
  | 'safari'
  | 'ios_safari'
  | 'ios_other'
  | 'android_chrome'
  | 'android_firefox'
  | 'samsung'
  | 'other';

/** Which browser this is, as far as its user agent tells. An iPad says that it is a Mac, but has touch points. */
export function browserOf(userAgent: string, maxTouchPoints = 0): Browser {
  const has = (text: string) => userAgent.includes(text);
  const ios = /iPhone|iPad|iPod/.test(userAgent) || (has('Macintosh') && maxTouchPoints > 1);
  if (ios) return /CriOS|FxiOS|EdgiOS|OPiOS|GSA\//.test(userAgent) ? 'ios_other' : 'ios_safari';
  if (has('SamsungBrowser/')) return 'samsung';
  if (has('Firefox/')) return has('Android') ? 'android_firefox' : 'firefox';
  if (has('Edg/')) return 'edge';
  if (/OPR\/|EdgA\//.test(userAgent)) return 'other';
  if (has('Chrome/')) return has('Android') ? 'android_chrome' : 'chrome';
  return has('Safari/') && has('Version/') ? 'safari' : 'other';
}
