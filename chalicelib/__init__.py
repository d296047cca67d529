"""The application. What is imported stays: to search it for garbage again and again is a tenth of a
cold start, and what a request leaves behind is little that needs to be searched for.
"""

import gc

gc.set_threshold(100_000)
