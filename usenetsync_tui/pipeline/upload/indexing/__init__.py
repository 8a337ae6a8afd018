"""The comparison of a folder with its last version: which files are new, modified or missing.

Knows two streams in one order, the walk's and the catalogue's. Refuses to know how a file is read
(`pipeline.upload.read`). Start with `index`.

1. `index` runs the walk and pages through the rows; `long_paths` brings the longest paths of the
   walk into the order of the catalogue.
2. `merge` joins both and writes the differences; `kept` says which rows stay although the walk did
   not see their paths.
3. `spool` passes new files on to the readers without another query.
4. `index_result` tells the tasks that follow how far the index has come.
"""
