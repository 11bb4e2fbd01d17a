// Which build of the site this is: web/site/site.mjs puts its name here. A page that is open while another build arrives would
// start workers of that one.

export const build = ''
