// The words that the tests know the app by, in one place. They are those of src/ui/words.rs and of the pages.

export const headings = {
  logIn: 'Log in',
  signUp: 'Create an account',
  profile: 'Profile',
  devices: 'Devices',
  account: 'Account',
  confirm: 'Check your mail',
  spent: 'This link is spent',
  moderation: 'Moderation',
  admin: 'Accounts',
  forbidden: 'This page is for other roles',
  notFound: "There's no page here",
} as const;

export const sentences = {
  noMatch: "That email and password don't match.",
  passwordTooShort: 'Use at least 12 characters.',
  unprintable: 'This holds invisible or control characters.',
  emailMalformed: 'An email address looks like name@example.com.',
  emailTaken: "This address can't be used for a new account.",
  profileSaved: 'Profile saved.',
  roleChanged: 'Role changed.',
  accessChanged: 'Your role has changed. Log in again to use it.',
  sessionEnded: 'Your session has ended.',
  loggedOut: "You're logged out.",
  passwordChanged: 'Your password is changed.',
  emailVerified: 'Your address is verified.',
  emailChanged: 'Your address is changed.',
  wayBackRenewed: 'The old link no longer works.',
  leaving: 'Your account will be erased in 14 days.',
  kept: 'Your account stays.',
  wrongDigits: "These aren't the digits of the newest mail.",
  deviceLoggedOut: 'That device is logged out.',
  othersLoggedOut: 'All other devices are logged out.',
  loggedOutEverywhere: "You're logged out, here and on every other device.",
  copied: 'somebody may have held a copy',
} as const;
