from explorer.ui import map_page
from explorer.ui.failures import told
from explorer.ui.studies import at_hand

with told():
    map_page.show(at_hand())
