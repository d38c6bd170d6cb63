lost_place('lost')
