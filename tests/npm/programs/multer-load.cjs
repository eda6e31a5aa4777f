console.log(typeof require('multer')({}).single('x'));
