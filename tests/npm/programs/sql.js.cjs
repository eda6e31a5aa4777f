require('sql.js')().then((SQL) => {
  const db = new SQL.Database();
  db.run('create table t(a,b); insert into t values (1,"x"),(2,"y")');
  console.log(JSON.stringify(db.exec('select * from t order by a desc')), db.export().length > 100);
});
