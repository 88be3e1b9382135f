"""What every table and query needs: base class, types, engines, functions of SQL, the present moment."""
