UPDATE scale_people s SET p2 = p.p1, p3 = g.p1 FROM scale_people p LEFT JOIN scale_people g ON g.id = p.p1
  WHERE p.id = s.p1;
ANALYZE scale_people;
ANALYZE scale_secrets;
