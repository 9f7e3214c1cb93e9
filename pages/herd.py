from explorer.ui.failures import told
from explorer.ui.herd import page
from explorer.ui.studies import at_hand

with told():
    page.show(at_hand())
