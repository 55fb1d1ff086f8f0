"""What hexviz keeps on this machine: one folder that only its owner may read.

::

    hexviz/            the user's cache folder                            may take
      exports/         files that hexviz exported, by name                32 GB
      uploads/         files that people sent, by digest                   8 GB
      edits/           corrections, by digest: links lead to them        256 MB, 5,000
      transfers/       tags taken from other graphs, which edits need      1 GB
      known/           where files lie that were opened by path            2,000
      results/         whatever can be made again: tags, pictures, parts   4 GB, 10,000
      jobs/            scratch folders and answers of running jobs
      desktop/         how the window was left, and the socket by which it is found

Content that names itself is a blob (:mod:`hexviz.cache.blobs`), what is found by
something else a record (:mod:`hexviz.cache.records`). Every folder has a bound, and
what was used least recently goes first. A folder of its own, with a bound of its own,
for what cannot be made again: nobody's uploads push out somebody else's corrections.
All of it can be deleted at any time; links to uploads and corrections end then.
"""

from hexviz.cache.blobs import Blobs
from hexviz.cache.folders import BOUNDS, Bound, Cache, user_data_folder
from hexviz.cache.records import Records, code_in

__all__ = ["BOUNDS", "Blobs", "Bound", "Cache", "Records", "code_in", "user_data_folder"]
