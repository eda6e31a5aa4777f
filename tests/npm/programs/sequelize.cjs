// sequelize and pg do what they do on Node.
const { Sequelize, DataTypes, Op } = require('sequelize');
try {
  new Sequelize('sqlite::memory:');
} catch (e) {
  console.log(e.message);
}
try {
  const s = new Sequelize('postgres://a:b@localhost/x', { dialectModule: require('pg'), logging: false });
  const U = s.define('User', { name: { type: DataTypes.STRING, allowNull: false, validate: { len: [2, 5] } }, age: DataTypes.INTEGER });
  const P = s.define('Post', { t: DataTypes.TEXT });
  U.hasMany(P);
  P.belongsTo(U);
  const u = U.build({ name: 'x' });
  u.validate().catch((e) => console.log(e.name, e.errors[0].message));
  console.log(
    s.getQueryInterface().queryGenerator.selectQuery(
      'Users',
      {
        where: { age: { [Op.gt]: 3, [Op.or]: [{ [Op.lt]: 9 }, null] } },
        attributes: ['id', [s.fn('count', s.col('x')), 'c']],
        order: [['id', 'DESC']],
        limit: 3,
      },
      U,
    ),
  );
  console.log(u.toJSON(), u.changed());
} catch (e) {
  console.log(e.message);
}
