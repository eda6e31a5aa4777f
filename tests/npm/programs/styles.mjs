import postcss from 'postcss';
import autoprefixer from 'autoprefixer';
console.log(
  (await postcss([autoprefixer({ overrideBrowserslist: 'chrome 20' })]).process('a{display:flex;user-select:none}', { from: undefined }))
    .css,
);
